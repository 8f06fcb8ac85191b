"""FCN on ResNet50."""

from __future__ import annotations

from typing import Any, cast

from torch import Tensor, nn

from satseg.torchvision_shim import prepare_torchvision
from satseg.zoo.fcn import AddedScores, Scores, score_layers

CHANNELS = (512, 1024, 2048)
"""Channels of ResNet50 after its stages 3, 4 and 5, at strides 8, 16 and 32.

Source: He, Zhang, Ren, Sun: Deep Residual Learning (CVPR 2016), table 1.
"""


class ResNet50Scores(nn.Module):
    """Maps (n, bands, h, w) to scores at strides 8, 16 and 32; h and w are multiples of 32.

    The network is timm's ResNet50, stages named as there, without its classifying head. Other than
    timm's, and as first published, the first convolution of a stage takes its stride, not the
    second one.
    """

    def __init__(self, bands: int, classes: int) -> None:
        super().__init__()
        prepare_torchvision()
        import timm

        self.encoder = timm.create_model(
            "resnet50",
            pretrained=False,
            features_only=True,
            out_indices=(2, 3, 4),
            in_chans=bands,
        )
        for stage in ("layer2", "layer3", "layer4"):
            first = cast(Any, self.encoder.get_submodule(f"{stage}.0"))
            first.conv1.stride, first.conv2.stride = first.conv2.stride, first.conv1.stride
        self.scores = score_layers(classes, CHANNELS)

    def forward(self, x: Tensor) -> Scores:
        """Return the scores."""
        third, fourth, fifth = self.encoder(x)
        fine, middle, coarse = self.scores
        return fine(third), middle(fourth), coarse(fifth)


class FcnResNet50(ResNet50Scores):
    """Maps (n, bands, h, w) to logits (n, classes, h, w); h and w are multiples of 32.

    Scores of the stages 3, 4 and 5 are added on the way up, as in FCN-8s.
    """

    def __init__(self, bands: int, classes: int) -> None:
        super().__init__(bands, classes)
        self.decoder = AddedScores(classes)

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        """Return logits (n, classes, h, w)."""
        return self.decoder(super().forward(x))  # type: ignore[no-any-return]
