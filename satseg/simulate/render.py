"""Renders a definition on a date: the image in digital numbers and the exact truth beside it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from satseg import classes
from satseg.bands import WORLDVIEW3, canonical
from satseg.grids import Grid
from satseg.simulate.burn import (
    FINE,
    Crowns,
    Mixed,
    burn_over,
    cast_shadows,
    grow_crowns,
    indexed,
    raise_roofs,
)
from satseg.simulate.definition import Definition
from satseg.simulate.landscape import Landscape, landscape_on
from satseg.simulate.lean import NADIR, View, draw_view, leaning
from satseg.simulate.paint import Palette, Texture, palette_of, texture_of
from satseg.simulate.seasons import crowns as crown_materials
from satseg.simulate.sensor import DIFFUSE, REACH_PX, Conditions, draw_conditions, to_dn
from satseg.simulate.spectra import SPECTRA
from satseg.simulate.sun import Sun, sun_at
from satseg.simulate.textures import Field, grain, mottle
from satseg.simulate.veil import Veil, draw_veil

CRS = "EPSG:32651"
"""UTM zone 51 north, where Shanghai lies."""


@dataclass(frozen=True, slots=True)
class SimulatedScene:
    """A rendered scene.

    Attributes:
        image: uint16 (bands, h, w), digital numbers 1 to 2047; 0 is nodata.
        classes: uint8 (h, w), codes of ``satseg.classes``; 0 where the image shows no ground.
        grid: UTM 51N.
        date: of the image.
        bands: names in the order of ``image``.
        sun: at the moment of the image.
        view: where the satellite stands.
    """

    image: NDArray[np.uint16]
    classes: NDArray[np.uint8]
    grid: Grid
    date: dt.date
    bands: tuple[str, ...]
    sun: Sun
    view: View = NADIR


def grid_of(definition: Definition) -> Grid:
    """Return the scene's grid: north up in UTM 51N, corners on whole metres."""
    import pyproj

    project = pyproj.Transformer.from_crs("EPSG:4326", CRS, always_xy=True)
    x, y = project.transform(*definition.centre)
    left, top = round(x - definition.size_m / 2), round(y + definition.size_m / 2)
    gsd, size = definition.gsd_m, definition.size_px
    return Grid(CRS, (gsd, 0.0, float(left), 0.0, -gsd, float(top)), size, size)


def render_scene(
    definition: Definition,
    date: dt.date,
    *,
    bands: Sequence[str] | None = None,
    land: Landscape | None = None,
) -> SimulatedScene:
    """Return the scene of ``definition`` on ``date``; equal arguments give equal bytes.

    Args:
        definition: the place.
        date: of the image; need not be one of the definition's.
        bands: limits the image to some bands, in the order given; the values are the same.
        land: the landscape on ``date`` where it is known already.

    Raises:
        BandError: a band is unknown.
    """
    names = WORLDVIEW3 if bands is None else tuple(canonical(name) for name in bands)
    sun = sun_at(*definition.centre, date)
    land = landscape_on(definition, date) if land is None else land
    seat = draw_view(definition.seed, date.toordinal())
    burnt = _burn(definition, land, seat)
    veil = draw_veil(definition, date, sun)
    truth = _truth(land, burnt.ground)
    view = _look(definition, date, burnt, sun)
    truth[view.crowns.where] = _under_crowns(truth, view.crowns)
    truth = truth.reshape(burnt.ground.shape)
    truth[veil.hidden] = classes.UNLABELLED
    image = _expose(tuple(WORLDVIEW3.index(name) for name in names), view, veil, sun)
    image[:, veil.nodata] = 0
    return SimulatedScene(image, truth, grid_of(definition), date, names, sun, seat)


@dataclass(frozen=True, slots=True)
class _Burnt:
    """Which feature lies where.

    Attributes:
        land: the landscape, with what leans at its end.
        upright: number of features that do not lean.
        ground: intp (h, w), feature on the ground, for the truth and for shadows.
        index: intp (h, w), feature that is seen.
        mixed: pixels on the border between features that are seen.
        seat: of the satellite.
    """

    land: Landscape
    upright: int
    ground: NDArray[np.intp]
    index: NDArray[np.intp]
    mixed: Mixed
    seat: View


def _burn(definition: Definition, land: Landscape, seat: View) -> _Burnt:
    fine = np.zeros((definition.size_px * FINE,) * 2, dtype=np.int32)
    burn_over(fine, land.features, definition.gsd_m)
    ground, mixed = indexed(fine)
    tops, upright = leaning(land, seat), len(land.features)
    if not tops:
        return _Burnt(land, upright, ground, ground, mixed, seat)
    burn_over(fine, tops, definition.gsd_m, first=upright)
    index, mixed = indexed(fine)
    return _Burnt(
        Landscape((*land.features, *tops), land.trees), upright, ground, index, mixed, seat
    )


@dataclass(frozen=True, slots=True)
class _View:
    """Everything about a scene that all bands share."""

    palette: Palette
    texture: Texture
    index: NDArray[np.intp]
    mixed: Mixed
    crowns: Crowns
    leaf: Field
    blocked: Field
    conditions: Conditions
    noise: Field
    own_noise: Field
    offsets: NDArray[np.int64]


def _look(definition: Definition, date: dt.date, burnt: _Burnt, sun: Sun) -> _View:
    land, index = burnt.land, burnt.index
    seeds = np.random.SeedSequence([definition.seed, 7, date.toordinal()]).spawn(4)
    rng = np.random.default_rng(seeds[0])
    shape, gsd_m = index.shape, definition.gsd_m
    palette = palette_of(land, date, definition.crops)
    height, light = raise_roofs(land, burnt.ground, gsd_m, sun)
    texture = texture_of(palette, index, gsd_m, np.random.default_rng(seeds[1]))
    trees = land.trees[_rooted(land, burnt.ground, gsd_m)]
    crowns = grow_crowns(trees, height, gsd_m, sun, texture.lumps)
    blocked = cast_shadows(height, gsd_m, sun)
    if burnt.index is not burnt.ground:
        crowns = _lean(burnt, crowns, (blocked, light), gsd_m, sun)
    texture.gain[...] *= light
    blocked.ravel()[crowns.where] *= 1 - np.float32(CROWN_GLOW) * crowns.cover
    conditions = draw_conditions(np.random.default_rng(seeds[2]))
    _tilt(texture.gain, conditions.tilt, mottle(rng, shape, 900 / gsd_m))
    return _View(
        palette,
        texture,
        index,
        burnt.mixed,
        crowns,
        _leaves(trees, date),
        blocked,
        conditions,
        grain(rng, shape, 0.7),
        grain(rng, (shape[0] + 64, shape[1] + 64), 0.5),
        np.random.default_rng(seeds[3]).integers(0, 64, (8, 2)),
    )


CROWN_GLOW = 0.5
"""Share of a shadow that leaves fill with light that they scatter and let through; by eye."""


def _lean(
    burnt: _Burnt, crowns: Crowns, fields: tuple[Field, Field], gsd_m: float, sun: Sun
) -> Crowns:
    """Light walls and roofs where they are seen and return the crowns that they do not hide.

    ``fields`` are the blocked share of the sun and the light of slopes, changed in place.
    """
    blocked, light = fields
    tops = burnt.index >= burnt.upright
    walls = np.array([item.surface == "facade" for item in burnt.land.features])[burnt.index]
    light[tops] = raise_roofs(burnt.land, burnt.index, gsd_m, sun)[1][tops]
    light[walls] = burnt.seat.facade_light(sun)
    blocked[tops] = 0
    seen = ~tops.ravel()[crowns.where]
    return Crowns(crowns.where[seen], crowns.tree[seen], crowns.cover[seen], crowns.light[seen])


def _rooted(land: Landscape, index: NDArray[np.intp], gsd_m: float) -> NDArray[np.bool_]:
    """Return which trees stand on ground where trees can stand: no roof, water or road."""
    barred = np.array(
        [item.roof != "none" or item.land in NO_TREES for item in land.features] or [False]
    )
    size = index.shape[0]
    column, row = (np.floor(land.trees[:, :2] / gsd_m).astype(np.int64).clip(0, size - 1)).T
    return np.asarray(~barred[index[row, column]])


NO_TREES = (classes.WATER, classes.POND, classes.ROAD, classes.FARMLAND)


def _leaves(trees: NDArray[np.float64], date: dt.date) -> Field:
    """Return the reflectance of each tree, float32 (n, 8)."""
    kind, tone = trees[:, 4].astype(np.int64), trees[:, 5]
    materials = crown_materials(kind, tone, date)
    spectra = np.array([SPECTRA[name] for name in materials], dtype=np.float32).reshape(-1, 8)
    shade = np.exp(0.36 * ((tone * 7.13) % 1.0 - 0.5))
    return np.asarray(spectra * shade[:, None], dtype=np.float32)


def _tilt(gain: Field, tilt: tuple[float, float], clouds: Field) -> None:
    rows, columns = gain.shape
    y = np.linspace(-1, 1, rows, dtype=np.float32)[:, None] * np.float32(tilt[1])
    x = np.linspace(-1, 1, columns, dtype=np.float32)[None, :] * np.float32(tilt[0])
    gain *= 1 + y + x + np.float32(0.012) * clouds


def _expose(bands: Sequence[int], view: _View, veil: Veil, sun: Sun) -> NDArray[np.uint16]:
    """Return the digital numbers of ``bands``, uint16 (bands, h, w), before nodata.

    Worked off in strips of rows that stay in the processor's cache; the point spread looks
    ``REACH_PX`` rows beyond each strip, so that strips leave no trace.
    """
    height = view.index.shape[0]
    image = np.empty((len(bands), *view.index.shape), dtype=np.uint16)
    for top in range(0, height, STRIP_ROWS):
        bottom = min(top + STRIP_ROWS, height)
        rows = slice(max(top - REACH_PX, 0), min(bottom + REACH_PX, height))
        strip = _strip(view, rows)
        own = slice(top - rows.start, bottom - rows.start)
        for k, band in enumerate(bands):
            reflectance = _reflectance(band, view.palette, strip)
            veil.apply(reflectance, DIFFUSE[band], rows)
            noise = np.float32(0.6) * view.noise[rows] + np.float32(0.8) * _own(view, band, rows)
            image[k, top:bottom] = to_dn(reflectance, band, sun, view.conditions, noise)[own]
    return image


STRIP_ROWS = 64
"""Rows that are exposed together."""


@dataclass(frozen=True, slots=True)
class _Strip:
    """Some rows of a view; positions count from its first pixel, leaves are float32 (n, 8)."""

    texture: Texture
    index: NDArray[np.intp]
    blocked: Field
    mixed: Mixed
    where: NDArray[np.int64]
    leaves: Field
    cover: Field


def _strip(view: _View, rows: slice) -> _Strip:
    width = view.index.shape[1]
    first, last = rows.start * width, rows.stop * width
    mixed, crowns, texture = view.mixed, view.crowns, view.texture
    some = slice(*np.searchsorted(mixed.where, (first, last)))
    part = slice(*np.searchsorted(crowns.where, (first, last)))
    speckle = texture.speckle.ravel()[crowns.where[part]]
    light = crowns.light[part] * speckle
    return _Strip(
        Texture(texture.share[rows], texture.gain[rows], texture.lumps[rows], speckle),
        view.index[rows],
        view.blocked[rows],
        Mixed(mixed.where[some] - first, mixed.parts[:, some]),
        crowns.where[part] - first,
        view.leaf[crowns.tree[part]] * light[:, None],
        crowns.cover[part],
    )


def _reflectance(band: int, palette: Palette, strip: _Strip) -> Field:
    """Return the reflectance on the ground of one band, shadows included, float32 (rows, w)."""
    ground = palette.ground[:, band].take(strip.index)
    image: Field = (palette.cover[:, band] - palette.ground[:, band]).take(strip.index)
    image *= strip.texture.share
    image += ground
    flat = image.ravel()
    flat[strip.mixed.where] = palette.mean[:, band][strip.mixed.parts].mean(axis=0)
    image *= strip.texture.gain
    flat[strip.where] += (strip.leaves[:, band] - flat[strip.where]) * strip.cover
    image *= 1 - np.float32(1 - DIFFUSE[band]) * strip.blocked
    return image


def _own(view: _View, band: int, rows: slice) -> Field:
    """Return the noise that a band shares with no other."""
    row, column = (int(k) for k in view.offsets[band])
    wide = view.own_noise[row + rows.start : row + rows.stop]
    return wide[:, column : column + view.index.shape[1]]


def _truth(land: Landscape, index: NDArray[np.intp]) -> NDArray[np.uint8]:
    codes = np.array([item.land for item in land.features] or [0], dtype=np.uint8)
    return codes[index].ravel()


def _under_crowns(truth: NDArray[np.uint8], crowns: Crowns) -> NDArray[np.uint8]:
    """Return the classes under crowns: tree, but farmland, roads and buildings stay."""
    below = truth[crowns.where]
    open_land = np.isin(below, (classes.GRASS, classes.BARE))
    return np.where(open_land & (crowns.cover > 0.5), np.uint8(classes.TREE), below)
