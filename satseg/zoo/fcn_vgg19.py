"""FCN-8s on VGG19."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn

from satseg.zoo.fcn import AddedScores, score_layers, start_as_he

STAGES = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))
"""Channels and 3 x 3 convolutions of VGG19's five stages; each ends with 2 x 2 maximum pooling.

Source: Simonyan, Zisserman: Very Deep Convolutional Networks (ICLR 2015), table 1, column E.
"""


class FcnVgg19(nn.Module):
    """Maps (n, bands, h, w) to logits (n, classes, h, w); h and w are multiples of 32.

    VGG19's fully connected layers are convolutions, 7 x 7 and 1 x 1; scores of the third and the
    fourth pooling and of this head are added on the way up. Other than in the study of 2017, each
    convolution is followed by batch normalisation, which stands in for dropout too, and the head
    may be narrower than 4,096 channels.

    Args:
        bands: channels of the input; the study's were blue, green, red in this order.
        classes: channels of the output.
        head: channels of the head.
    """

    def __init__(self, bands: int, classes: int, head: int = 512) -> None:
        super().__init__()
        widths = [width for width, _ in STAGES]
        self.encoder = nn.ModuleList(
            nn.Sequential(*_stage(before, width, count), nn.MaxPool2d(2))
            for before, (width, count) in zip((bands, *widths[:-1]), STAGES, strict=True)
        )
        self.head = nn.Sequential(*_convolution(widths[-1], head, 7), *_convolution(head, head, 1))
        start_as_he(self)
        self.scores = score_layers(classes, (widths[2], widths[3], head))
        self.decoder = AddedScores(classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (n, classes, h, w)."""
        pooled = []
        for stage in self.encoder:
            x = stage(x)
            pooled.append(x)
        fine, middle, coarse = self.scores
        scores = fine(pooled[2]), middle(pooled[3]), coarse(self.head(x))
        return self.decoder(scores)  # type: ignore[no-any-return]


def _stage(before: int, width: int, count: int) -> Iterator[nn.Module]:
    for index in range(count):
        yield from _convolution(width if index else before, width, 3)


def _convolution(before: int, after: int, side: int) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(before, after, side, padding=side // 2, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
    )
