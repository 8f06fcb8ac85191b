"""Colours of features and the textures that all bands share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satseg.bands import CENTRE_NM, WORLDVIEW3
from satseg.simulate.landscape import Landscape
from satseg.simulate.seasons import surface_on
from satseg.simulate.sketch import Feature
from satseg.simulate.spectra import SPECTRA
from satseg.simulate.surfaces import SURFACES, Surface
from satseg.simulate.textures import Field, Streaks, grain, mottle

_TILT = np.array([(CENTRE_NM[name] - 600) / 300 for name in WORLDVIEW3], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Palette:
    """One row for each feature, float32.

    Attributes:
        ground: (n, 8), reflectance below.
        cover: (n, 8), reflectance above.
        mean: (n, 8), the mixture without texture.
        share: (n,), mean share of the cover.
        numbers: (n, 9), mottle, grain, streak, row's wave number in x and y, row, furrow, rough,
            phase.
        turn: (n, 2), cosine and sine of the rows' direction.
        rows: (n,), bool, whether the feature has rows, streaks or ribs.
    """

    ground: Field
    cover: Field
    mean: Field
    share: Field
    numbers: Field
    turn: Field
    rows: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Texture:
    """Per pixel, float32 (h, w).

    Attributes:
        share: of the cover, 0 to 1.
        gain: brightness.
        lumps: noise of the size of branches, for crowns.
        speckle: brightness from leaf to leaf, about 1.
    """

    share: Field
    gain: Field
    lumps: Field
    speckle: Field


def palette_of(land: Landscape, date: dt.date, crops: Mapping[str, float]) -> Palette:
    """Return the colours and texture numbers of all features on ``date``."""
    count = max(1, len(land.features))
    ground, cover = np.zeros((2, count, 8), dtype=np.float32)
    share = np.zeros(count, dtype=np.float32)
    numbers = np.zeros((count, 9), dtype=np.float32)
    turn = np.zeros((count, 2), dtype=np.float32)
    for k, feature in enumerate(land.features):
        surface = SURFACES[surface_on(feature.surface, date, feature.chance, crops)]
        now = np.random.default_rng([int(feature.chance[5] * 2**32), date.toordinal()])
        tint = _tint(surface, feature, now)
        ground[k] = SPECTRA[surface.ground] * tint
        cover[k] = SPECTRA[surface.cover] * tint
        share[k] = surface.share + surface.vary * (2 * _fold(feature, date) - 1)
        numbers[k] = _numbers(surface, feature, now)
        turn[k] = np.cos(feature.angle), np.sin(feature.angle)
    share = np.clip(share, 0.02, 0.98)
    mean = ground + (cover - ground) * share[:, None]
    rows = (numbers[:, 2] > 0) | (numbers[:, 5] > 0) | (numbers[:, 6] > 0)
    return Palette(ground, cover, mean, share, numbers, turn, rows)


def _tint(surface: Surface, feature: Feature, now: np.random.Generator) -> Field:
    """Return factors (8,): brightness and a tilt of colour, mostly lasting, partly of the day."""
    lasting = 3.46 * (feature.chance[3] - 0.5), 3.46 * (feature.chance[6] - 0.5)
    day = now.normal(0, 1, 2)
    bright = surface.tone * (0.8 * lasting[0] + 0.6 * day[0])
    tilt = surface.hue * (0.8 * lasting[1] + 0.6 * day[1])
    return np.asarray(np.exp(bright + tilt * _TILT), dtype=np.float32)


def _fold(feature: Feature, date: dt.date) -> float:
    """Return a number in [0, 1) that neighbours worked together share on a date, nearly."""
    common = (feature.chance[0] * 13.7 + date.toordinal() * 0.318309) % 1.0
    return float((0.75 * common + 0.25 * feature.chance[7]) % 1.0)


def _numbers(surface: Surface, feature: Feature, now: np.random.Generator) -> list[float]:
    spacing = surface.ribs_m or surface.row_m * (0.6 + 1.1 * feature.chance[7])
    wave = 2 * np.pi / spacing if spacing else 0.0
    across = feature.angle + np.pi / 2 if not surface.ribs_m else feature.angle
    lively = float(now.uniform(0.4, 1.5))
    furrow = surface.furrow * lively if not surface.ribs_m else 0.12
    return [
        surface.mottle * float(now.uniform(0.5, 1.6)),
        surface.grain * float(now.uniform(0.6, 1.4)),
        surface.streak * float(now.uniform(0.4, 1.6)),
        wave * np.cos(across),
        wave * np.sin(across),
        surface.row * lively,
        furrow,
        surface.rough,
        feature.chance[7] * 2 * np.pi,
    ]


def texture_of(
    palette: Palette, index: NDArray[np.intp], gsd_m: float, rng: np.random.Generator
) -> Texture:
    """Return the textures of a scene; ``index`` is the feature of each pixel, intp (h, w)."""
    shape = (index.shape[0], index.shape[1])
    fine, patchy = grain(rng, shape, 0.6), mottle(rng, shape, 7.0 / gsd_m)
    broad = mottle(rng, shape, 38.0 / gsd_m)
    share = palette.share[index]
    share += palette.numbers[:, 0][index] * (np.float32(0.65) * patchy + np.float32(0.7) * broad)
    share += palette.numbers[:, 1][index] * fine
    gain = 1 + palette.numbers[:, 7][index] * np.roll(fine, (37, 91), (0, 1))
    gain += np.float32(0.35) * palette.numbers[:, 0][index] * np.roll(patchy, (53, 29), (0, 1))
    _draw_rows(palette, index, gsd_m, Streaks(rng), (share, gain, broad))
    np.clip(share, 0, 1, out=share)
    np.clip(gain, 0.25, 2.5, out=gain)
    lumps = mottle(rng, shape, 1.5 / gsd_m)
    return Texture(share, gain, lumps, 1 + np.float32(0.13) * fine)


def _draw_rows(
    palette: Palette,
    index: NDArray[np.intp],
    gsd_m: float,
    streaks: Streaks,
    fields: tuple[Field, Field, Field],
) -> None:
    """Add streaks, rows and furrows to share and gain in place, where features have them.

    ``fields`` are share, gain and the noise that makes rows wobble.
    """
    share, gain, wobble = fields
    where = np.flatnonzero(palette.rows[index])
    if not where.size:
        return
    number = index.ravel()[where]
    y, x = np.divmod(where.astype(np.int32), np.int32(index.shape[1]))
    x, y = x.astype(np.float32) * np.float32(gsd_m), y.astype(np.float32) * np.float32(gsd_m)
    columns = [np.ascontiguousarray(palette.numbers[:, k]) for k in range(9)]
    cos, sin = palette.turn[:, 0][number], palette.turn[:, 1][number]
    phase = columns[8][number]
    u, v = x * cos + y * sin + phase * 31, y * cos - x * sin + phase * 17
    along = streaks.along(u, v, length_m=9.0, width_m=0.7)
    angle = x * columns[3][number] + y * columns[4][number] + phase
    angle += np.float32(0.25) * wobble.ravel()[where] + np.float32(0.12) * along
    wave = np.cos(angle)
    flat = share.ravel()
    far = streaks.along(u + 211, v, length_m=34.0, width_m=2.6)
    flat[where] += columns[2][number] * (np.float32(0.8) * along + np.float32(0.9) * far)
    flat[where] += columns[5][number] * wave
    dark = np.clip(wave - np.float32(0.45), 0, None) * np.float32(1.8)
    light = gain.ravel()
    broken = streaks.along(u, v + 97, length_m=3.2, width_m=1.1)
    uneven = np.clip(1 + np.float32(0.25) * broken, 0, 2)
    light[where] *= 1 - columns[6][number] * (dark * uneven - np.float32(0.28))
    light[where] += columns[2][number] * (np.float32(0.22) * along + np.float32(0.16) * far)
