"""``satseg scenes inspect``: what is understood of an image before it is added."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from satseg.intake import Understood

_TOLD = {
    "file": "the file says so",
    "name": "from the file's name; check it",
    "count": "the usual order; check it",
    "given": "as you say",
}


def inspect_file(
    path: Path, *, bands: Sequence[str] | None, date: str | None, look: Path | None
) -> None:
    """Print what a file is, and write its picture if wanted."""
    from rich.console import Console
    from rich.text import Text

    from satseg.cli.terminal import bar
    from satseg.intake import understand_image
    from satseg.storage import storing

    with bar(f"Reading {path.name}") as progress:
        found = understand_image(path, bands=bands, date=date, progress=progress)
    console = Console(soft_wrap=True)
    for label, text in described_image(found):
        console.print(Text(f"{label + ':':<13}{text}"))
    if look is not None:
        with storing(look.absolute()) as whole:
            whole.write_bytes(found.look.png(found.scene.bands))
        console.print(Text(f"Wrote {look}"))
    console.print(Text(_next(path, found)))


def inspect_folder(folder: Path) -> None:
    """Print what a delivery is."""
    from rich.console import Console
    from rich.text import Text

    from satseg.deliveries import described, understand

    console = Console(soft_wrap=True)
    for label, text in described(understand(folder)):
        console.print(Text(f"{label + ':':<13}{text}", "yellow" if label == "Warning" else ""))
    console.print(Text(f"Next: satseg scenes add {folder}"))


def described_image(found: Understood) -> list[tuple[str, str]]:
    """Return (label, text) of each thing that was understood, in the order to show it."""
    scene, height, width = found.scene, found.structure.height, found.structure.width
    west, south, east, north = found.footprint.bounds
    unknown = found.bands_told == "nobody"
    bands = f"{len(scene.bands)} without names: give them with --bands"
    named = f"{', '.join(scene.bands)} ({_TOLD.get(found.bands_told, '')})"
    dated = f"{scene.date} ({_TOLD.get(found.date_told, '')})"
    crs = scene.grid.crs if len(scene.grid.crs) < 40 else scene.grid.crs.split('"')[1]
    return [
        ("Bands", bands if unknown else named),
        ("Type", scene.dtype),
        ("Date", dated if scene.date else "not told: give it with --date"),
        ("CRS", crs),
        ("GSD", f"{found.gsd_m:.2f} m"),
        ("Size", f"{height:,} x {width:,} pixels, {found.structure.size_bytes / 1e6:,.1f} MB"),
        ("Nodata", found.nodata),
        ("With data", f"about {found.look.valid_fraction:.1%}"),
        ("Lies in", f"{west:.4f} to {east:.4f} E, {south:.4f} to {north:.4f} N"),
        ("Region", _region(found)),
        ("Simulated", "yes" if scene.simulated else "no"),
    ]


def _region(found: Understood) -> str:
    from satseg.catalog import Catalog
    from satseg.errors import CatalogError
    from satseg.intake import place

    try:
        regions = Catalog.open(create=False).regions()
    except CatalogError:
        regions = []
    home = place(found.footprint, regions).region
    return "a new one, of the image's outline" if home is None else f"{home.id} ({home.name_en})"


def _next(path: Path, found: Understood) -> str:
    options = " --date YYYY-MM-DD" if found.scene.date is None else ""
    options += f" --date {found.scene.date}" if found.date_told in ("name", "given") else ""
    if found.bands_told == "nobody":
        options += " --bands NAMES"
    elif found.bands_told == "given":
        options += f" --bands {','.join(found.scene.bands)}"
    return f"Next: satseg scenes add {path}{options}"
