"""The simulated sample scenes as entries of a catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from satseg.catalog import Catalog
from satseg.errors import CatalogError
from satseg.identifiers import slug
from satseg.regions import Region, load_regions

if TYPE_CHECKING:
    from satseg.simulate.samples import SampleScene

Progress = Callable[[int, int], None]
LICENCE = "CC0-1.0"


def default_definitions() -> Path:
    """Return the folder ``sample_data`` beside the package."""
    return Path(__file__).resolve().parents[1] / "sample_data"


def add_samples(
    catalog: Catalog,
    definitions: Path,
    *,
    region: str | None = None,
    drawing: Progress | None = None,
    adding: Progress | None = None,
    workers: int = 2,
) -> list[str]:
    """Draw the sample scenes into ``<catalog>/samples``, add them, and return their ids.

    What is drawn and added already is kept; a scene whose definition changed is replaced.

    Args:
        catalog: the catalog.
        definitions: folder with the scene definitions and ``regions.geojson``.
        region: id of the region whose scenes are wanted; all without it.
        drawing: called with (scenes drawn, scenes in all).
        adding: called with (scenes added, scenes in all).
        workers: processes that share the work; with 1 it is done in this process.

    Raises:
        SatsegError: a definition cannot be used, or the disk is full.
    """
    from satseg.simulate.samples import build_samples

    outlines = load_regions(definitions / "regions.geojson")
    samples = build_samples(
        definitions,
        catalog.root / "samples",
        region=region,
        progress=drawing,
        workers=workers,
    )
    for outline in outlines:
        catalog.replace_region(outline)
    names = {outline.id: outline for outline in outlines}
    fresh = [sample for sample in samples if not _is_known(catalog, sample)]
    jobs = [(catalog.root, sample, _title(sample, names)) for sample in fresh]
    done, total = len(samples) - len(fresh), len(samples)
    report = adding or (lambda done, total: None)
    report(done, total)
    for _ in _in_processes(jobs, workers):
        done += 1
        report(done, total)
    return [sample_id(sample) for sample in samples]


def predict_samples(
    catalog: Catalog, scene_ids: Sequence[str], *, progress: Progress | None = None
) -> int:
    """Predict scenes by every model whose bands they have; return how many predictions there are.

    Progress is (predictions done, predictions in all).
    """
    from satseg.workflow import predict_to_catalog
    from satseg.zoo.card import list_cards

    pairs = [
        (scene_id, card.id)
        for scene_id in scene_ids
        for card in list_cards()
        if set(card.bands) <= set(catalog.scene(scene_id).bands)
    ]
    for done, (scene_id, model_id) in enumerate(pairs, start=1):
        predict_to_catalog(catalog, scene_id, [model_id])
        if progress is not None:
            progress(done, len(pairs))
    return len(pairs)


def sample_id(sample: SampleScene) -> str:
    """Return the id of a sample scene in the catalog."""
    return slug(sample.scene_path.stem)


def _title(sample: SampleScene, regions: dict[str, Region]) -> str:
    region = regions.get(sample.region_id)
    return f"{region.name_en if region else sample.region_id}, {sample.date}, simulated"


def _is_known(catalog: Catalog, sample: SampleScene) -> bool:
    """Return whether the catalog has the scene as it is in the file now."""
    try:
        known = catalog.scene(sample_id(sample))
    except CatalogError:
        return False
    drawn, added = sample.scene_path.stat().st_mtime, known.thumbnail.stat().st_mtime
    return drawn <= added and known.image == sample.scene_path.resolve()


def _in_processes(jobs: Sequence[tuple[Path, SampleScene, str]], workers: int) -> Iterator[None]:
    """Add scenes and yield after each; in this process with one worker or one scene."""
    if workers <= 1 or len(jobs) <= 1:
        for job in jobs:
            _add(*job)
            yield
        return
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(_add, *job) for job in jobs]):
            future.result()
            yield


def _add(root: Path, sample: SampleScene, title: str) -> None:
    catalog = Catalog.open(root)
    scene_id = sample_id(sample)
    if any(known.id == scene_id for known in catalog.scenes()):
        catalog.remove_scene(scene_id)  # drawn anew since
    catalog.add_scene(
        sample.scene_path,
        date=sample.date,
        region_id=sample.region_id,
        scene_id=scene_id,
        title=title,
        truth=sample.truth_path,
        licence=LICENCE,
    )
