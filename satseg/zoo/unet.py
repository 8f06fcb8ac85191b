"""A plain U-Net for any number of bands."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

# Source of the topology: Ronneberger, Fischer, Brox: U-Net (MICCAI 2015), with batch normalisation
# and padded convolutions, so that output and input have the same size.


class DoubleConvolution(nn.Sequential):
    """Two 3 x 3 convolutions, each followed by batch normalisation and ReLU."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__(
            nn.Conv2d(before, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(inplace=True),
            nn.Conv2d(after, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(inplace=True),
        )


class UNet(nn.Module):
    """Maps (n, bands, h, w) to logits (n, classes, h, w).

    Args:
        bands: channels of the input.
        classes: channels of the output.
        widths: channels of each level from the finest to the coarsest; h and w must be multiples of
            2 to the power of the number of levels less one.
    """

    def __init__(self, bands: int, classes: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.down = nn.ModuleList(
            DoubleConvolution(before, after)
            for before, after in zip((bands, *widths[:-1]), widths, strict=True)
        )
        pairs = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.up = nn.ModuleList(nn.ConvTranspose2d(deep, fine, 2, stride=2) for deep, fine in pairs)
        self.merge = nn.ModuleList(DoubleConvolution(2 * fine, fine) for _, fine in pairs)
        self.head = nn.Conv2d(widths[0], classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (n, classes, h, w)."""
        levels: list[Tensor] = []
        for index, block in enumerate(self.down):
            x = block(nn.functional.max_pool2d(x, 2) if index else x)
            levels.append(x)
        for up, merge, skip in zip(self.up, self.merge, levels[-2::-1], strict=True):
            x = merge(torch.cat([skip, up(x)], dim=1))
        return self.head(x)  # type: ignore[no-any-return]
