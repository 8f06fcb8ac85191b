"""One picture of all sample scenes: a row a region and rendering, a column a date."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from rasterio.enums import Resampling

from satseg.bands import RGB, WORLDVIEW3
from satseg.display import FALSE_COLOUR, GAMMA
from satseg.errors import StorageError
from satseg.simulate.samples import SampleScene
from satseg.storage import storing

TILE_PX = 300
GAP_PX = 6
CAPTION_PX = 18
QUALITY = 75
"""Of .jpg and .webp, 1 to 95."""

ENDINGS = (".jpg", ".jpeg", ".png", ".webp")
STRETCH = (1.0, 99.0)
"""Percentiles of each scene and band that become black and white."""

_INK, _PAPER = (34, 38, 42), (250, 250, 248)


def write_sheet(samples: Sequence[SampleScene], path: Path) -> tuple[int, int]:
    """Write the contact sheet of scenes and return its (width, height) in pixels.

    Each region has two rows: true colour, and near infrared, red and green below it. A scene is
    stretched by its own percentiles and averaged to ``TILE_PX`` pixels a side.

    Args:
        samples: scenes whose images are there; ordered by region and date on the sheet.
        path: picture; its ending says which kind (.jpg, .png or .webp).

    Raises:
        StorageError: the ending is unknown, or the picture cannot be written.
    """
    check_name(path)
    rows: dict[str, list[SampleScene]] = {}
    for sample in sorted(samples, key=lambda item: (item.region_id, item.date)):
        rows.setdefault(sample.region_id, []).append(sample)
    columns = max((len(row) for row in rows.values()), default=1)
    high = 2 * TILE_PX + CAPTION_PX + GAP_PX
    sheet = Image.new("RGB", (columns * (TILE_PX + GAP_PX) + GAP_PX, len(rows) * high), _PAPER)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(13)
    for row, line in enumerate(rows.values()):
        for column, sample in enumerate(line):
            left, top = GAP_PX + column * (TILE_PX + GAP_PX), row * high
            words = f"{sample.region_id}  {sample.date}  simulated"
            pen.text((left, top + 1), words, fill=_INK, font=font)
            for k, picture in enumerate(_pictures(sample.scene_path)):
                sheet.paste(picture, (left, top + CAPTION_PX + k * TILE_PX))
    with storing(path.absolute()) as whole:
        sheet.save(whole, optimize=True, quality=QUALITY)
    return sheet.size


def check_name(path: Path) -> None:
    """Refuse a name whose ending is no picture's.

    Raises:
        StorageError: the ending is unknown.
    """
    if path.suffix.lower() not in ENDINGS:
        raise StorageError(
            expected=f"a picture's name that ends in {', '.join(ENDINGS)}",
            found=path.name,
            fix="Name it scenes.jpg, for example",
        )


def _pictures(path: Path) -> list[Image.Image]:
    """Return a scene in true and in false colour, ``TILE_PX`` a side."""
    names = tuple(dict.fromkeys((*RGB, *FALSE_COLOUR)))
    with rasterio.open(path) as source:
        numbers = source.read(
            [WORLDVIEW3.index(name) + 1 for name in names],
            out_shape=(len(names), TILE_PX, TILE_PX),
            resampling=Resampling.average,
            masked=True,
        )
    bands = {name: _stretched(layer) for name, layer in zip(names, numbers, strict=True)}
    return [
        Image.fromarray(np.stack([bands[name] for name in shown], axis=-1))
        for shown in (RGB, FALSE_COLOUR)
    ]


def _stretched(numbers: np.ma.MaskedArray) -> NDArray[np.uint8]:
    """Return digital numbers (h, w) as uint8, white where there are none."""
    low, high = np.percentile(numbers.compressed(), STRETCH)
    share = np.clip((numbers.filled(0) - low) / max(high - low, 1.0), 0, 1) ** GAMMA
    shown: NDArray[np.uint8] = np.rint(share * 255).astype(np.uint8)
    shown[np.ma.getmaskarray(numbers)] = 255
    return shown
