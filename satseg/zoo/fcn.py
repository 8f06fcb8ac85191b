"""What the original study's networks share: scores at three strides, added on the way up."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

STRIDES = (8, 16, 32)
"""Strides at which the networks give scores, from the finest to the coarsest."""

Scores = tuple[Tensor, Tensor, Tensor]
"""Scores (n, classes, h / stride, w / stride) at STRIDES."""


class AddedScores(nn.Module):
    """Maps scores at strides 8, 16 and 32 to logits (n, classes, h, w) at stride 1.

    Transposed convolutions enlarge the coarsest scores twofold, twofold and eightfold; those of the
    next stride are added in between. They start as bilinear interpolation.

    Source: Long, Shelhamer, Darrell: Fully Convolutional Networks for Semantic Segmentation (CVPR
    2015), FCN-8s.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.to16, self.to8, self.to1 = (_enlarging(classes, factor) for factor in (2, 2, 8))

    def forward(self, scores: Scores) -> Tensor:
        """Return logits (n, classes, h, w)."""
        fine, middle, coarse = scores
        return self.to1(self.to8(self.to16(coarse) + middle) + fine)  # type: ignore[no-any-return]


def score_layers(classes: int, channels: Sequence[int]) -> nn.ModuleList:
    """Return a 1 x 1 convolution to scores for each stride's number of channels.

    They start at 0, as those of FCN-8s did: thousands of channels, none of them negative, would
    else throw the sum about before they have learned anything.
    """
    layers = nn.ModuleList(nn.Conv2d(width, classes, 1) for width in channels)
    for parameter in layers.parameters():
        nn.init.zeros_(parameter)
    return layers


def start_as_he(network: nn.Module) -> None:
    """Draw the weights of all convolutions from He's distribution; biases are 0.

    Source: He, Zhang, Ren, Sun: Delving Deep into Rectifiers (ICCV 2015), eq. 10.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def bilinear_kernel(factor: int) -> Tensor:
    """Return the kernel (2 factor, 2 factor) with which a transposed convolution interpolates.

    >>> bilinear_kernel(2)[0].tolist()
    [0.0625, 0.1875, 0.1875, 0.0625]
    """
    places = torch.arange(2 * factor, dtype=torch.float32)
    row = 1 - (places - (factor - 0.5)).abs() / factor
    return row[:, None] * row[None, :]


def _enlarging(classes: int, factor: int) -> nn.ConvTranspose2d:
    layer = nn.ConvTranspose2d(
        classes, classes, 2 * factor, stride=factor, padding=factor // 2, bias=False
    )
    with torch.no_grad():
        layer.weight.zero_()
        for index in range(classes):
            layer.weight[index, index] = bilinear_kernel(factor)
    return layer
