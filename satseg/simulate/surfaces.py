"""How surfaces are put together from two materials, and how uneven they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Surface:
    """A mixture of ``ground`` and ``cover`` with its texture.

    Attributes:
        ground: material below.
        cover: material above.
        share: mean share of the cover, 0 to 1.
        vary: how far the share differs from one area to the next (half range).
        mottle: unevenness of the share over metres to tens of metres (standard deviation).
        grain: unevenness of the share from pixel to pixel.
        streak: unevenness of the share along the rows.
        row_m: distance between rows or furrows; 0 for none.
        row: how far rows change the share.
        furrow: how much darker furrows are than the rest, 0 to 1.
        tone: how far brightness differs from one area to the next (standard deviation).
        hue: how far colour tilts from one area to the next (standard deviation).
        rough: pixel to pixel change of brightness.
        ribs_m: distance of the ribs of a roof across the ridge; 0 for none.
    """

    ground: str
    cover: str
    share: float = 0.3
    vary: float = 0.15
    mottle: float = 0.10
    grain: float = 0.08
    streak: float = 0.0
    row_m: float = 0.0
    row: float = 0.0
    furrow: float = 0.0
    tone: float = 0.08
    hue: float = 0.04
    rough: float = 0.03
    ribs_m: float = 0.0


def _field(ground: str, cover: str, share: float, **options: float) -> Surface:
    """Return a field's surface; mottle, streaks and rows unless told otherwise."""
    usual = {
        "vary": 0.2,
        "mottle": 0.085,
        "grain": 0.10,
        "streak": 0.10,
        "row_m": 3.2,
        "row": 0.10,
        "furrow": 0.22,
        "tone": 0.10,
        "hue": 0.06,
        "rough": 0.04,
    }
    return Surface(ground, cover, share, **(usual | options))


def _roof(material: str, stain: str, **options: float) -> Surface:
    usual = {
        "share": 0.12,
        "vary": 0.12,
        "mottle": 0.06,
        "grain": 0.05,
        "tone": 0.16,
        "hue": 0.06,
        "rough": 0.025,
        "ribs_m": 0.0,
    }
    return Surface(material, stain, **(usual | options))


def _water(material: str, other: str, share: float = 0.1, **options: float) -> Surface:
    usual = {"vary": 0.1, "mottle": 0.03, "grain": 0.01, "tone": 0.10, "hue": 0.05, "rough": 0.008}
    return Surface(material, other, share, **(usual | options))


_STAGES: dict[str, Surface] = {
    "flooded": _field("paddy_water", "soil_wet", 0.4, furrow=0.04, row=0.03, grain=0.04),
    "transplanted": _field("paddy_water", "rice_young", 0.35, row_m=1.8, furrow=0.05, streak=0.08),
    "rice_green": _field("soil_wet", "rice_lush", 0.86, vary=0.1, row=0.05, furrow=0.08),
    "rice_heading": _field("rice_lush", "rice_ripe", 0.35, vary=0.25, furrow=0.08),
    "rice_ripe": _field("rice_lush", "rice_ripe", 0.88, vary=0.12, furrow=0.10),
    "stubble": _field("soil_brown", "straw", 0.5, vary=0.3, streak=0.22, row_m=2.6),
    "stubble_green": _field("straw", "grass_green", 0.35, vary=0.25, streak=0.16),
    "ploughed": _field("soil_wet", "soil_brown", 0.45, vary=0.4, streak=0.22, furrow=0.25),
    "ploughed_dark": _field("soil_purple", "leaf_dark", 0.25, vary=0.25, furrow=0.32, row=0.15),
    "harrowed": _field("soil_brown", "soil_dry", 0.5, vary=0.4, streak=0.14, furrow=0.18),
    "seedlings": _field("soil_brown", "wheat_green", 0.28, vary=0.2, row=0.2, row_m=2.4),
    "wheat_green": _field("soil_wet", "wheat_green", 0.85, vary=0.12, row_m=3.0, furrow=0.28),
    "wheat_ripe": _field("soil_brown", "wheat_ripe", 0.85, vary=0.12, furrow=0.25),
    "rape_green": _field("soil_wet", "rape_leaf", 0.75, vary=0.2, furrow=0.30, grain=0.14),
    "rape_flower": _field("rape_leaf", "rape_flower", 0.75, vary=0.2, furrow=0.30, grain=0.12),
    "rape_pods": _field("soil_wet", "vetch", 0.85, vary=0.12, furrow=0.2),
    "vetch": _field("soil_wet", "vetch", 0.75, vary=0.2, furrow=0.1, mottle=0.2),
    "fallow": _field("soil_brown", "grass_green", 0.5, vary=0.35, mottle=0.25, furrow=0.12),
    "fallow_dry": _field("soil_dry", "grass_dry", 0.6, vary=0.3, mottle=0.22, furrow=0.12),
    "beds_bare": _field("soil_purple", "soil_brown", 0.4, vary=0.4, row_m=2.2, furrow=0.40),
    "beds_pale": _field("soil_brown", "soil_pale", 0.4, vary=0.35, row_m=4.0, furrow=0.38),
    "beds_dark": _field("soil_purple", "leaf_dark", 0.5, vary=0.3, row_m=2.0, furrow=0.38, row=0.2),
    "beds_purple": _field("soil_wet", "leaf_purple", 0.55, vary=0.3, row_m=2.2, furrow=0.35),
    "beds_green": _field("soil_wet", "leaf_fresh", 0.7, vary=0.25, row_m=2.2, furrow=0.35, row=0.2),
    "beds_young": _field("soil_brown", "leaf_fresh", 0.3, vary=0.2, row_m=1.8, row=0.25),
    "film": _field("soil_brown", "film_clear", 0.45, vary=0.15, row_m=2.6, row=0.38, streak=0.15),
    "film_black": _field("soil_brown", "film_black", 0.5, vary=0.2, row_m=2.4, row=0.4),
    "garden_rough": _field(
        *("soil_wet", "leaf_dark", 0.7), mottle=0.24, grain=0.30, row_m=2.6, furrow=0.3, rough=0.12
    ),
    "garden_canes": _field(
        *("soil_purple", "leaf_dark", 0.5), mottle=0.2, grain=0.34, row_m=1.7, row=0.25, furrow=0.4
    ),
    "garden_bushy": _field(
        *("leaf_litter", "crown_broad", 0.6), mottle=0.3, grain=0.3, furrow=0.16, rough=0.13
    ),
    "fallow_rough": _field("soil_brown", "leaf_dark", 0.5, mottle=0.34, grain=0.26, rough=0.10),
    "bund": _field("grass_green", "soil_brown", 0.35, row_m=0.0, streak=0.0),
    "bund_dry": _field("grass_dry", "soil_brown", 0.45, row_m=0.0, streak=0.0),
}

_GREEN: dict[str, Surface] = {
    "grass": Surface("grass_green", "leaf_dark", 0.3, 0.2, 0.16, 0.12, tone=0.12, hue=0.06),
    "grass_winter": Surface("grass_dry", "grass_green", 0.35, 0.3, 0.2, 0.1, tone=0.1, hue=0.06),
    "verge": Surface("grass_green", "soil_brown", 0.35, 0.3, 0.2, 0.16, tone=0.12, hue=0.06),
    "lawn": Surface("grass_green", "leaf_fresh", 0.5, 0.4, 0.14, 0.05, tone=0.1, hue=0.04),
    "weeds": Surface("leaf_dark", "grass_green", 0.5, 0.35, 0.25, 0.2, tone=0.12, rough=0.08),
    "reeds": Surface("leaf_dark", "reed_dry", 0.4, 0.35, 0.25, 0.2, tone=0.1, rough=0.08),
    "shrubs": Surface("leaf_litter", "crown_broad", 0.75, 0.2, 0.2, 0.3, tone=0.1, rough=0.12),
    "thicket": Surface("leaf_dark", "crown_broad", 0.5, 0.35, 0.3, 0.3, tone=0.14, rough=0.14),
    "thicket_pale": Surface("crown_young", "grass_green", 0.5, 0.35, 0.3, 0.25, rough=0.12),
    "litter": Surface("leaf_litter", "leaf_dark", 0.5, 0.3, 0.2, 0.2, tone=0.1, rough=0.08),
    "garden": Surface("soil_wet", "leaf_dark", 0.55, 0.35, 0.3, 0.25, tone=0.12, hue=0.08),
    "orchard_floor": Surface("grass_green", "soil_brown", 0.35, 0.3, 0.2, 0.15, tone=0.1),
    "orchard_soil": Surface("soil_brown", "grass_dry", 0.35, 0.3, 0.2, 0.15, tone=0.1),
}

_GROUND: dict[str, Surface] = {
    "site_soil": Surface("site_clay", "soil_pale", 0.4, 0.4, 0.2, 0.14, tone=0.12, rough=0.05),
    "site_wet": Surface("soil_wet", "turbid", 0.4, 0.4, 0.25, 0.1, tone=0.1),
    "rubble": Surface("rubble", "soil_brown", 0.4, 0.3, 0.25, 0.3, tone=0.1, rough=0.12),
    "net": Surface("net_green", "site_clay", 0.25, 0.2, 0.15, 0.06, tone=0.1),
    "mud": Surface("mud", "soil_brown", 0.3, 0.3, 0.09, 0.08),
    "dirt": Surface("soil_brown", "soil_pale", 0.4, 0.3, 0.2, 0.15, tone=0.1),
    "lane": Surface("concrete", "concrete_old", 0.35, 0.35, 0.15, 0.12, tone=0.08),
    "concrete": Surface("concrete", "concrete_old", 0.35, 0.4, 0.13, 0.12, tone=0.10),
    "old_concrete": Surface("concrete_old", "soil_brown", 0.3, 0.3, 0.2, 0.12, tone=0.1),
    "paving": Surface("paving", "concrete_old", 0.4, 0.4, 0.15, 0.12, tone=0.1),
    "asphalt": Surface("asphalt", "asphalt_old", 0.35, 0.35, 0.12, 0.08, streak=0.1, tone=0.08),
    "old_asphalt": Surface("asphalt_old", "concrete_old", 0.3, 0.3, 0.12, 0.08, tone=0.08),
    "marking": Surface("paint", "asphalt_old", 0.25, 0.2, 0.05, 0.15),
}

_WATER: dict[str, Surface] = {
    "canal": _water("canal", "turbid"),
    "green_canal": _water("green_canal", "duckweed", 0.04, mottle=0.04),
    "turbid_canal": _water("turbid", "canal", 0.4),
    "lake": _water("canal", "turbid", 0.35, mottle=0.05),
    "pond": _water("pond", "pond_green", 0.25),
    "pond_green": _water("pond_green", "pond", 0.3),
    "pond_brown": _water("pond_brown", "turbid", 0.3),
    "foam": _water("pond", "foam", 0.6, grain=0.2),
}

_BUILT: dict[str, Surface] = {
    "roof_dark_red": _roof("tile_dark_red", "tile_brown", vary=0.2),
    "roof_red": _roof("tile_red", "tile_dark_red", share=0.3, vary=0.3),
    "roof_brown": _roof("tile_brown", "tile_grey"),
    "roof_grey": _roof("tile_grey", "concrete_old", share=0.25, ribs_m=3.0),
    "roof_slate": _roof("tile_slate", "tile_grey"),
    "roof_blue": _roof("steel_blue", "steel_pale", ribs_m=3.6),
    "roof_white": _roof("white", "concrete_old", share=0.3, vary=0.25, ribs_m=6.0),
    "roof_steel": _roof("steel_pale", "concrete_old", share=0.35, vary=0.35, ribs_m=5.0),
    "roof_rust": _roof("steel_rust", "tile_red", ribs_m=3.0),
    "roof_pink": _roof("steel_pink", "tile_red", ribs_m=4.0),
    "roof_maroon": _roof("tile_dark_red", "black", vary=0.2, mottle=0.12, streak=0.08, ribs_m=1.5),
    "roof_oxide": _roof("steel_oxide", "tile_dark_red", share=0.3, vary=0.3, ribs_m=1.8),
    "roof_russet": _roof("steel_russet", "tile_dark_red", share=0.2, streak=0.12, ribs_m=2.4),
    "plastic": _roof("plastic", "net_green", share=0.22, vary=0.15, mottle=0.035, tone=0.08),
    "plastic_new": _roof("plastic", "white", share=0.2, vary=0.15, tone=0.06),
    "plastic_old": _roof("plastic_old", "soil_brown", share=0.25, vary=0.2, mottle=0.05),
    "shade_net": _roof("net_green", "black", share=0.35, vary=0.3),
    "facade": _roof("paving", "tile_slate", share=0.3, vary=0.2, mottle=0.05, grain=0.2),
    "car_white": _roof("white", "paint"),
    "car_dark": _roof("black", "tile_slate", share=0.3),
    "car_red": _roof("tile_red", "paint", share=0.1),
}

SURFACES: Mapping[str, Surface] = MappingProxyType(_STAGES | _GREEN | _GROUND | _WATER | _BUILT)
"""Every surface by name; the stages of crops are those that ``seasons`` chooses from."""
