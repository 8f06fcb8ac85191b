"""MetisNet: ResNet50 on red, green and blue beside a U-Net's encoder on all bands."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from satseg.zoo.fcn import STRIDES, AddedScores, Scores, score_layers, start_as_he
from satseg.zoo.fcn_resnet50 import ResNet50Scores
from satseg.zoo.unet import DoubleConvolution

WIDTHS = (32, 64, 128, 256, 512)
"""Channels of the U-Net encoder's levels in the study of 2017."""

RGB_OF_WORLDVIEW3 = (4, 2, 1)
"""Where red, green and blue are among the eight bands of WorldView-3 (satseg.bands)."""


class UNetScores(nn.Module):
    """Maps (n, bands, h, w) to scores at strides 8, 16 and 32; h and w are multiples of 32.

    Each of the five levels ends with 2 x 2 maximum pooling; the last three give scores. Names and
    shapes of ``down`` are those of ``satseg.zoo.unet.UNet`` of the same widths.
    """

    def __init__(self, bands: int, classes: int, widths: Sequence[int]) -> None:
        super().__init__()
        if 2 ** len(widths) != STRIDES[-1]:
            raise TypeError(f"widths of five levels expected, {len(widths)} found")
        self.down = nn.ModuleList(
            DoubleConvolution(before, after)
            for before, after in zip((bands, *widths[:-1]), widths, strict=True)
        )
        start_as_he(self)
        self.scores = score_layers(classes, widths[2:])

    def forward(self, x: Tensor) -> Scores:
        """Return the scores."""
        pooled = []
        for block in self.down:
            x = nn.functional.max_pool2d(block(x), 2)
            pooled.append(x)
        fine, middle, coarse = self.scores
        return fine(pooled[2]), middle(pooled[3]), coarse(pooled[4])


class MetisNet(nn.Module):
    """Maps (n, bands, h, w) to logits (n, classes, h, w); h and w are multiples of 32.

    The scores of both branches are added at strides 32, 16 and 8, then enlarged as in FCN-8s.

    Args:
        bands: channels of the input.
        classes: channels of the output.
        widths: channels of the U-Net encoder's five levels.
        rgb: positions of red, green and blue among the input's channels.
    """

    def __init__(
        self,
        bands: int,
        classes: int,
        widths: Sequence[int] = WIDTHS,
        rgb: Sequence[int] = RGB_OF_WORLDVIEW3,
    ) -> None:
        super().__init__()
        if len(set(rgb)) != 3 or not all(0 <= place < bands for place in rgb):
            raise TypeError(f"rgb as three positions among {bands} bands expected, {rgb} found")
        self._places = list(rgb)
        self.rgb = ResNet50Scores(3, classes)
        self.spectral = UNetScores(bands, classes, widths)
        self.decoder = AddedScores(classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (n, classes, h, w)."""
        pairs = zip(self.rgb(x[:, self._places]), self.spectral(x), strict=True)
        fine, middle, coarse = (one + other for one, other in pairs)
        return self.decoder((fine, middle, coarse))  # type: ignore[no-any-return]
