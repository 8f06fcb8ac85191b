"""SpaceNet's Shanghai: from the bucket, an archive or a folder to one scene in the catalog."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import rasterio
from filelock import FileLock, Timeout
from rasterio.errors import RasterioError

from satseg.catalog import Catalog
from satseg.errors import FetchError, StorageError
from satseg.fetch.bucket import Bucket
from satseg.fetch.bucket_chips import Store, find_in_bucket
from satseg.fetch.chip_sources import (
    ArchiveChips,
    ChipSource,
    FolderChips,
    Selection,
    archive_key,
    remote_archive,
)
from satseg.fetch.chips import Chip, Fault, check_chips
from satseg.fetch.mosaic import Mosaic, arrange, join
from satseg.fetch.spacenet import (
    ARCHIVE_KEY,
    ARCHIVE_NAME,
    ATTRIBUTION,
    BUCKET,
    DATE,
    ENDPOINT,
    LICENCE,
    PAGE,
    ChipFile,
    Product,
)
from satseg.fetch.stages import Stages
from satseg.fetch.transfer import Policy, new_client

_CHIPS_TAG = "SATSEG_CHIPS"
_BYTES_PER_SAMPLE = 2


@dataclass(frozen=True, slots=True)
class Site:
    """Where things are.

    Attributes:
        folder: for downloads, unpacked chips and joined scenes; made where it is missing.
        endpoint: address of the service that has SpaceNet's bucket.
        local: folder or archive that is on disk already, None to ask the bucket.
        whole: fetch the whole archive even where only some chips are wanted.
        policy: patience of the transfers.
    """

    folder: Path
    endpoint: str = ENDPOINT
    local: Path | None = None
    whole: bool = False
    policy: Policy = field(default_factory=Policy)


@dataclass(frozen=True, slots=True)
class SceneFetched:
    """What became of one product.

    Attributes:
        scene_id: the scene in the catalog.
        image: the joined image.
        chips: number of chips in it; of all that were found, where the scene was there before.
        faults: chips that were left out.
        moved: chips off the common grid, moved to the nearest pixel.
        largest_move_px: the farthest of these moves.
        covered: share of the image below chips.
        was_there: whether the catalog had the scene before, so that nothing was done.
    """

    scene_id: str
    image: Path
    chips: int
    faults: tuple[Fault, ...] = ()
    moved: int = 0
    largest_move_px: float = 0.0
    covered: float = 1.0
    was_there: bool = False


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Keep ``folder`` for this process, so that two fetches do not write the same files.

    Raises:
        FetchError: another process fetches into the folder.
        StorageError: the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock", timeout=0)
        lock.acquire()
    except Timeout as error:
        raise FetchError(
            expected=f"to be the only one who fetches into {folder}",
            found="another process that does",
            fix="Wait until it has ended, or choose another folder with --to",
        ) from error
    except OSError as error:
        raise StorageError(
            expected=f"a folder for downloads at {folder}",
            found=f"{type(error).__name__}: {error.strerror or error}",
            fix="Choose a folder that may be written, with --to",
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def find_chips(
    product: Product, selection: Selection, site: Site, stages: Stages
) -> Iterator[ChipSource]:
    """Yield the source of the wanted chips; what is looked up for it is a list and some headers.

    A folder or an archive on disk is used where ``site`` names one. Else all chips come as the
    archive, and some of them (a number, a box) one by one.

    Raises:
        FetchError: no network, or there are no such chips.
    """
    if site.local is not None:
        yield _local(site.local, product, selection, site.folder)
        return
    with new_client(site.policy) as client:
        bucket = Bucket(site.endpoint, BUCKET)
        if selection.is_all or site.whole:
            yield _archive(bucket, product, selection, site, client)
        else:
            store = Store(bucket, site.folder, site.policy, client)
            yield find_in_bucket(store, product, selection, stages)


def add_chips(
    catalog: Catalog,
    source: ChipSource,
    product: Product,
    site: Site,
    *,
    region_id: str | None = None,
    stages: Stages | None = None,
) -> SceneFetched:
    """Obtain the chips, join the good ones and register the scene, or say that it is there.

    Raises:
        SatsegError: the chips cannot be had, none is usable, the disk is full, or the catalog
            refuses the scene. The catalog is as before then; what was downloaded stays.
        Cancelled: the fetch was cancelled; likewise.
    """
    stages = stages or Stages()
    files = source.obtain(stages)
    scene_id = scene_id_of(files, product)
    image = site.folder / "scenes" / f"{scene_id}.tif"
    if _is_known(catalog, scene_id):
        known = catalog.scene(scene_id)
        return SceneFetched(scene_id, known.image, len(files), was_there=True)
    with stages.begin(f"Checking {len(files)} chips", "steps") as progress:
        good, faults = check_chips(files, product, progress=progress, cancelled=stages.cancelled)
    _refuse_none(good, faults)
    mosaic = arrange(good, product)
    _join(mosaic, product, image, stages)
    with stages.begin(f"Adding {scene_id}", "steps") as progress:
        catalog.add_scene(
            image,
            date=DATE,
            region_id=region_id,
            bands=product.bands,
            scene_id=scene_id,
            title=f"Shanghai, SpaceNet: {product.title} ({len(good)} chips)",
            licence=LICENCE,
            properties=provenance(good),
            progress=progress,
        )
    return SceneFetched(
        scene_id,
        image,
        len(good),
        tuple(faults),
        mosaic.moved,
        mosaic.largest_move_px,
        mosaic.covered,
    )


def scene_id_of(files: Sequence[ChipFile], product: Product) -> str:
    """Return the id of the scene of these chips: another one for other chips or contents."""
    text = ",".join(f"{file.number}:{file.path.stat().st_size}" for file in files)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"spacenet-shanghai-{product.key}-{len(files)}-chips-{digest}"


def provenance(chips: Sequence[Chip]) -> dict[str, object]:
    """Return the STAC properties that name the source of the chips, their owner and terms."""
    return {
        "platform": "worldview-3",
        "constellation": "worldview",
        "providers": [
            {"name": "SpaceNet", "roles": ["processor", "host"], "url": PAGE},
            {"name": "DigitalGlobe", "roles": ["producer", "licensor"]},
        ],
        "satseg:attribution": ATTRIBUTION,
        "satseg:source": PAGE,
        "satseg:chips": [chip.number for chip in chips],
    }


def _local(local: Path, product: Product, selection: Selection, folder: Path) -> ChipSource:
    if local.is_file():
        unpacked = folder / archive_key(local) / product.key
        return ArchiveChips(local, unpacked, product, selection)
    return FolderChips(local, product, selection)


def _archive(
    bucket: Bucket, product: Product, selection: Selection, site: Site, client: httpx.Client
) -> ChipSource:
    unpacked = site.folder / "archive" / product.key
    archive = site.folder / ARCHIVE_NAME
    if unpacked.is_dir():
        return ArchiveChips(archive, unpacked, product, selection)
    listed = bucket.objects(ARCHIVE_KEY, client=client, policy=site.policy)
    found = next((each for each in listed if each.key == ARCHIVE_KEY), None)
    if found is None:
        raise FetchError(
            expected=f"the archive {ARCHIVE_KEY} in the bucket {bucket.name}",
            found="no such object",
            fix="Check the endpoint, or download the archive by other means and name it with"
            " --from",
        )
    remote = remote_archive(bucket, site.folder, size=found.size)
    return ArchiveChips(
        archive, unpacked, product, selection, remote, policy=site.policy, client=client
    )


def _join(mosaic: Mosaic, product: Product, image: Path, stages: Stages) -> None:
    """Write the joined image, unless an earlier run has written the same one."""
    text = ",".join(str(placed.chip.number) for placed in mosaic.placed)
    digest = hashlib.sha256(text.encode()).hexdigest()
    if _tag_of(image) == digest:
        return
    raw = len(mosaic.placed) * mosaic.chip_px**2 * len(product.bands) * _BYTES_PER_SAMPLE
    image.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(image.parent).free
    if free < 2 * raw:  # the strips and the COG made of them, which exist together for a while
        raise StorageError(
            expected=f"{2 * raw:,} free bytes in {image.parent} to join the chips",
            found=f"{free:,}",
            fix="Free space on the disk, choose another folder with --to, or fewer chips",
        )
    tags = {
        _CHIPS_TAG: digest,
        "ACQUISITION_DATE": DATE.isoformat(),
        "TIFFTAG_COPYRIGHT": ATTRIBUTION,
        "LICENCE": LICENCE,
    }
    with stages.begin(f"Joining {len(mosaic.placed)} chips", "steps") as progress:
        join(mosaic, product, image, tags=tags, progress=progress, cancelled=stages.cancelled)


def _tag_of(image: Path) -> str | None:
    try:
        with rasterio.open(image, driver="GTiff") as dataset:
            tag: str | None = dataset.tags().get(_CHIPS_TAG)
    except (RasterioError, OSError):
        return None
    return tag


def _is_known(catalog: Catalog, scene_id: str) -> bool:
    return any(scene.id == scene_id for scene in catalog.scenes())


def _refuse_none(good: Sequence[Chip], faults: Sequence[Fault]) -> None:
    if not good:
        shown = "; ".join(f"{fault.name}: {fault.reason}" for fault in faults[:3])
        raise FetchError(
            expected="at least one usable chip",
            found=f"{len(faults)} faulty ones ({shown}{'; ...' if len(faults) > 3 else ''})",
            fix="Delete the faulty files and fetch them again",
        )
