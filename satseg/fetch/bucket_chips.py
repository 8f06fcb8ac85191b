"""SpaceNet's chips that a bucket holds one by one: which lie where, and those that are wanted."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import httpx

from satseg.catalog_store import write_json
from satseg.errors import Cancelled, FetchError
from satseg.fetch.bucket import Bucket, RemoteObject
from satseg.fetch.chip_sources import Offer, Selection, chosen, size_of, unplaced
from satseg.fetch.download import Wanted, download
from satseg.fetch.places import HEADER_BYTES, Box, box_of_header
from satseg.fetch.spacenet import ChipFile, Product
from satseg.fetch.stages import Stages
from satseg.fetch.transfer import Policy, fetch_bytes

_PARALLEL = 8


@dataclass(frozen=True, slots=True)
class Store:
    """A bucket, how it is spoken to and where its files go.

    Attributes:
        bucket: the bucket.
        folder: folder on disk, in the bucket's own layout.
        policy: patience of the transfers.
        client: of the transfers.
    """

    bucket: Bucket
    folder: Path
    policy: Policy
    client: httpx.Client


@dataclass(frozen=True, slots=True)
class BucketChips:
    """Chips that a bucket holds one by one, chosen before any of them is downloaded.

    Attributes:
        store: where they are and where they go.
        objects: the chosen ones by image number.
        unplaced: chips left out because their first bytes do not tell their place.
    """

    store: Store
    objects: dict[int, RemoteObject]
    unplaced: int

    @property
    def offer(self) -> Offer:
        """What there is."""
        total = sum(each.size for each in self.objects.values())
        there = sum(size_of(self._target(each)) for each in self.objects.values())
        origin = f"bucket {self.store.bucket.name}"
        return Offer(origin, len(self.objects), max(0, total - there), there, self.unplaced)

    def obtain(self, stages: Stages) -> list[ChipFile]:
        """Download what is missing and return the chips.

        Raises:
            SatsegError: a chip cannot be had; those before it stay for the next run.
        """
        total = sum(each.size for each in self.objects.values())
        done, found = 0, []
        with stages.begin(f"Downloading {len(self.objects)} chips", "bytes") as progress:
            for number, each in sorted(self.objects.items()):
                wanted = Wanted(
                    self.store.bucket.url(each.key), self._target(each), each.size, each.checksum
                )
                watch = stages.watch(progress, before=done, total=total)
                download(wanted, policy=self.store.policy, client=self.store.client, watch=watch)
                done += each.size
                progress(done, total)
                found.append(ChipFile(number, wanted.target))
        return found

    def _target(self, each: RemoteObject) -> Path:
        layout, product, name = PurePosixPath(each.key).parts[-3:]
        return self.store.folder / layout / product / name


def find_in_bucket(
    store: Store, product: Product, selection: Selection, stages: Stages
) -> BucketChips:
    """Return the chosen chips of a bucket; where all lie is kept in the folder for next time.

    Raises:
        FetchError: no network, the bucket holds no single chips of the product, or none is chosen.
        Cancelled: the fetch was cancelled.
    """
    found = _listed(store, product, stages)
    if selection.within is None and (selection.count or len(found)) >= len(found):
        return BucketChips(store, found, 0)
    index = store.folder / "places.json"
    known = _read_index(index)
    missing = {number: each for number, each in found.items() if number not in known}
    if missing:
        try:
            _look_at(missing, known, store, stages)
        finally:
            store.folder.mkdir(parents=True, exist_ok=True)
            boxes = {str(number): list(box.bounds) for number, box in sorted(known.items())}
            write_json(index, {"boxes": boxes})
    boxes_of = {number: known.get(number) for number in found}
    numbers = chosen(boxes_of, selection)
    taken = {number: found[number] for number in numbers}
    return BucketChips(store, taken, unplaced(boxes_of, numbers))


def _look_at(
    missing: dict[int, RemoteObject], known: dict[int, Box], store: Store, stages: Stages
) -> None:
    """Add to ``known`` where the missing chips lie, several at a time."""
    stop = threading.Event()

    def look(each: RemoteObject) -> Box | None:
        header = fetch_bytes(
            store.bucket.url(each.key),
            policy=store.policy,
            client=store.client,
            first=HEADER_BYTES,
            cancelled=stop.is_set,
        )
        return box_of_header(header)

    with (
        stages.begin(f"Reading where {len(missing)} chips lie", "steps") as progress,
        ThreadPoolExecutor(_PARALLEL) as pool,
    ):
        try:
            for done, (number, box) in enumerate(
                zip(missing, pool.map(look, missing.values()), strict=True), start=1
            ):
                if stages.cancelled():
                    raise Cancelled
                if box is not None:
                    known[number] = box
                progress(done, len(missing))
        finally:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)


def _read_index(path: Path) -> dict[int, Box]:
    """Return the boxes that an earlier run has seen; an unreadable file counts as none."""
    try:
        boxes = json.loads(path.read_text(encoding="utf-8"))["boxes"]
        return {int(number): Box(*map(float, box)) for number, box in boxes.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, FetchError):
        return {}


def _listed(store: Store, product: Product, stages: Stages) -> dict[int, RemoteObject]:
    for prefix in product.prefixes:
        objects = store.bucket.objects(
            prefix, client=store.client, policy=store.policy, cancelled=stages.cancelled
        )
        found: dict[int, RemoteObject] = {}
        for each in objects:
            number = product.number_of(PurePosixPath(each.key))
            if number is not None:
                found.setdefault(number, each)
        if found:
            return found
    raise FetchError(
        expected=f"single chips of {product.key} in the bucket {store.bucket.name}",
        found="none",
        fix="Fetch the whole archive instead, with --archive",
    )
