"""How the dashboard feels: measured in headless Chromium and by twenty visitors, against budgets.

    python -m tests.benchmarks.bench_ui

starts a server of its own on the loopback with the simulated sample scenes, mapped by the
models of the zoo (made once, in runs/bench-ui; some minutes), and prints one table. It
fails where a budget is missed. Medians of ``TURNS`` turns, unless a row says otherwise.

The twenty visitors are twenty sessions over Streamlit's own websocket protocol, without browsers
(``tests.benchmarks.visitor``): twenty Chromiums do not fit two cores beside a server, and drawing
costs the server nothing. Each runs the page, fetches the tiles that its map would, pauses for
3 to 9 seconds, and goes on, for ``--minutes``. They share the machine with the server, as Chromium
does.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.__main__ import machine
from tests.benchmarks.ui_figures import Figure, table
from tests.browser import NO_CHROMIUM, find_chromium, serving

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "runs" / "bench-ui"
VISITORS = 20


def prepare(catalog_folder: Path) -> None:
    """Put the sample scenes and every model's maps of them into a catalog; what is there stays."""
    from satseg.catalog import Catalog
    from satseg.cli.terminal import bar
    from satseg.sample_scenes import add_samples, default_definitions, predict_samples

    catalog = Catalog.open(catalog_folder)
    with bar("Drawing the scenes") as drawing, bar("Adding them to the catalog") as adding:
        scenes = add_samples(catalog, default_definitions(), drawing=drawing, adding=adding)
    with bar("Mapping the farmland") as mapping:
        predict_samples(catalog, scenes, progress=mapping)


def mapped_models(folder: Path) -> Path:
    """Fill a folder with the models whose maps are there: what is measured is no computation."""
    from satseg.zoo.card import list_cards

    folder.mkdir()
    for card in list_cards():
        (folder / card.id).symlink_to(card.folder.resolve())
    return folder


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="of the twenty visitors; 0: none")
    parser.add_argument("--visitors", type=int, default=VISITORS)
    parser.add_argument("--catalog", type=Path, help="measure with another catalog, only read")
    options = parser.parse_args(arguments)
    chromium = find_chromium()
    if chromium is None:
        print(NO_CHROMIUM)
        return 1
    from tests.benchmarks import ui_browser, ui_crowd, ui_tiles

    folder = options.catalog or KEPT
    if options.catalog is None:
        prepare(folder)
    print(f"{machine()}; load average {os.getloadavg()[0]:.1f} at the start", flush=True)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as logs:
        environment = {
            "SATSEG_CATALOG": str(folder.resolve()),
            "SATSEG_MODELS": str(mapped_models(Path(logs) / "models")),
        }
        with serving(environment, Path(logs)) as server:
            figures += ui_browser.figures(server.address, chromium)
            figures += ui_tiles.figures(server.address)
            if options.minutes > 0:
                figures += ui_crowd.figures(server, options.visitors, 60 * options.minutes)
    print(f"load average {os.getloadavg()[0]:.1f} at the end\n")
    print(table(figures))
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
