"""What a visitor looks at, and how the overlay is painted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboard.session import Colour, Language, View
from dashboard.shelf import Measured, Selection

if TYPE_CHECKING:
    from dashboard.mapview import Answer
    from satseg.catalog_records import SceneRecord
    from satseg.interest import Interest
    from satseg.regions import Region

Series = Mapping[Selection, Sequence[Measured]]


@dataclass(frozen=True, slots=True)
class Choice:
    """What the visitor looks at.

    Attributes:
        region: the region.
        interest: the area of it whose farmland is measured; None for the whole region.
        scenes: all scenes of the region, by date.
        scene: the one on view.
        selections: each chosen model or ensemble and, where they are several models, all of them
            together as the last.
        view, colour, language: how to show it.
    """

    region: Region
    interest: Interest | None
    scenes: tuple[SceneRecord, ...]
    scene: SceneRecord
    selections: tuple[Selection, ...]
    view: View
    colour: Colour
    language: Language

    @property
    def shown(self) -> Selection | None:
        """The selection on the map: the one model, or the ensemble of all that are chosen."""
        return self.selections[-1] if self.selections else None

    def row(self, series: Series) -> Measured | None:
        """Return what is measured for the selection and the date on view."""
        if self.shown is None:
            return None
        return next(row for row in series[self.shown] if row.scene.id == self.scene.id)


@dataclass(frozen=True, slots=True)
class Look:
    """How the overlay is painted; ``token`` names the models for which it was chosen.

    Where two models are compared, ``first`` is the threshold of the first one.
    """

    token: str
    threshold: float
    opacity: float
    shade: bool
    first: float | None = None

    @classmethod
    def of(cls, shown: Selection | None, answer: Answer | None, *, opacity: float) -> Look:
        """Return what the visitor set on the map; the threshold only if for the same models.

        Args:
            shown: the models on the map; None for none.
            answer: what the map told last; None before it was touched.
            opacity: what holds until then.
        """
        token = shown.token if shown else ""
        threshold = shown.threshold if shown else 0.5
        if answer is None:
            return cls(token, threshold, opacity, shade=False)
        if answer.token == token:
            threshold = answer.threshold
        return cls(token, threshold, answer.opacity, answer.shade)


def region_summary(region: Region, language: Language) -> str:
    """Return the sentence about a region in a language, in English where it has no other."""
    return region.summary_zh if language == "zh" and region.summary_zh else region.summary


def region_name(region: Region, language: Language) -> str:
    """Return a region's name in a language, in English where it has no other."""
    return region.name_zh if language == "zh" and region.name_zh else region.name_en


def scene_title(scene: SceneRecord, regions: Iterable[Region], language: Language) -> str:
    """Return a scene's title; that of a sample scene is made of its region's name and its date."""
    for region in regions:
        own = f"{region.name_en}, {scene.date}, simulated"
        if region.id == scene.region_id and scene.title == own:
            return f"{region_name(region, language)}, {scene.date}"
    return scene.title
