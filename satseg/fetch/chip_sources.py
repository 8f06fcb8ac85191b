"""Where SpaceNet's chips come from: a folder or an archive."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx

from satseg.errors import FetchError
from satseg.fetch.archive import extract
from satseg.fetch.bucket import Bucket
from satseg.fetch.download import Wanted, download
from satseg.fetch.places import Box, box_of_file, choose
from satseg.fetch.spacenet import (
    ARCHIVE_CHECKSUM,
    ARCHIVE_KEY,
    ARCHIVE_NAME,
    ChipFile,
    Product,
    chips_in,
    chips_missing,
)
from satseg.fetch.stages import Stages
from satseg.fetch.transfer import Policy


@dataclass(frozen=True, slots=True)
class Selection:
    """Which chips are wanted.

    Attributes:
        count: how many at most, None for all.
        within: only those that touch this box, None for all.
    """

    count: int | None = None
    within: Box | None = None

    def __post_init__(self) -> None:
        if self.count is not None and self.count < 1:
            raise FetchError(
                expected="at least 1 chip",
                found=str(self.count),
                fix="Give a number above 0, for example --chips 50",
            )

    @property
    def is_all(self) -> bool:
        """Whether every chip is wanted."""
        return self.count is None and self.within is None


@dataclass(frozen=True, slots=True)
class Offer:
    """What a source has of one product.

    Attributes:
        origin: where from, in words.
        chips: number of chips that will be taken, None where only unpacking tells.
        to_download: bytes that still have to come over the network.
        there: bytes that are on disk already.
        unplaced: chips that are left out because their files do not tell where they lie.
    """

    origin: str
    chips: int | None
    to_download: int
    there: int
    unplaced: int = 0


class ChipSource(Protocol):
    """Where chips of one product come from."""

    @property
    def offer(self) -> Offer:
        """What there is."""

    def obtain(self, stages: Stages) -> list[ChipFile]:
        """Return the chosen chips, on disk, by image number."""


@dataclass(frozen=True, slots=True)
class FolderChips:
    """Chips that are on disk."""

    folder: Path
    product: Product
    selection: Selection

    @property
    def offer(self) -> Offer:
        """What there is."""
        files, left_out = self._chosen()
        there = sum(file.path.stat().st_size for file in files)
        return Offer(f"folder {self.folder}", len(files), 0, there, left_out)

    def obtain(self, stages: Stages) -> list[ChipFile]:
        """Return the chosen chips.

        Raises:
            FetchError: there are none.
        """
        return self._chosen()[0]

    def _chosen(self) -> tuple[list[ChipFile], int]:
        files = chips_in(self.folder, self.product)
        if not files:
            raise chips_missing(str(self.folder), self.product)
        if self.selection.is_all:
            return files, 0
        boxes = {file.number: box_of_file(file.path) for file in files}
        numbers = chosen(boxes, self.selection)
        return [file for file in files if file.number in set(numbers)], unplaced(boxes, numbers)


@dataclass(frozen=True, slots=True)
class ArchiveChips:
    """Chips in an archive, on disk or still to be downloaded from ``remote``.

    Attributes:
        archive: the file, which need not exist yet where there is a ``remote``.
        unpacked: folder for the chips of the product, which need not exist yet.
        product: which chips.
        selection: which of them.
        remote: what to download, None for an archive on disk.
        bytes_in_all: of the remote archive.
        policy: of the download.
        client: likewise.
    """

    archive: Path
    unpacked: Path
    product: Product
    selection: Selection
    remote: Wanted | None = None
    policy: Policy | None = None
    client: httpx.Client | None = None

    @property
    def offer(self) -> Offer:
        """What there is; an archive that is unpacked already needs no download."""
        if self.unpacked.is_dir():
            return FolderChips(self.unpacked, self.product, self.selection).offer
        there = size_of(self.archive) or size_of(
            self.archive.with_name(f"{self.archive.name}.part")
        )
        total = there if self.remote is None else self.remote.size or there
        return Offer(f"archive {self.archive.name}", None, max(0, total - there), there)

    def obtain(self, stages: Stages) -> list[ChipFile]:
        """Download where needed, check, unpack the product's chips and return the chosen ones.

        Raises:
            SatsegError: the archive cannot be had or is refused; see ``download``, ``extract``.
        """
        if not self.unpacked.is_dir():
            self._download(stages)
            with stages.begin(f"Unpacking {self.product.key}", "bytes") as progress:
                count = extract(
                    self.archive,
                    self.unpacked,
                    wanted=lambda name: self.product.number_of(name) is not None,
                    progress=progress,
                    cancelled=stages.cancelled,
                )
            if not count:
                self.unpacked.rmdir()
                raise chips_missing(self.archive.name, self.product)
        return FolderChips(self.unpacked, self.product, self.selection).obtain(stages)

    def _download(self, stages: Stages) -> None:
        if self.remote is None:
            return
        with stages.begin(f"Downloading {self.archive.name}", "bytes") as progress:
            download(
                self.remote,
                policy=self.policy,
                client=self.client,
                watch=stages.watch(progress),
            )


def remote_archive(bucket: Bucket, folder: Path, *, size: int) -> Wanted:
    """Return the download of SpaceNet's archive of Shanghai into ``folder``."""
    return Wanted(
        bucket.url(ARCHIVE_KEY), folder / ARCHIVE_NAME, size=size, checksum=ARCHIVE_CHECKSUM
    )


def archive_key(archive: Path) -> str:
    """Return a folder name for what is unpacked of an archive; another one for another file."""
    state = archive.stat()
    text = f"{archive.resolve()}\0{state.st_size}\0{state.st_mtime_ns}"
    return f"from-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def chosen(boxes: dict[int, Box | None], selection: Selection) -> tuple[int, ...]:
    """Return the numbers of the chosen chips.

    Raises:
        FetchError: none lies in the box.
    """
    numbers = choose(boxes, count=selection.count, within=selection.within)
    if numbers:
        return numbers
    known = [box for box in boxes.values() if box is not None]
    west, south = min((b.west for b in known), default=0), min((b.south for b in known), default=0)
    east, north = max((b.east for b in known), default=0), max((b.north for b in known), default=0)
    raise FetchError(
        expected=f"chips in the box {selection.within}",
        found=f"none; the {len(known)} chips whose place is known lie between"
        f" {west:.4f},{south:.4f} and {east:.4f},{north:.4f}",
        fix="Choose a box there",
    )


def unplaced(boxes: dict[int, Box | None], taken: tuple[int, ...]) -> int:
    """Return how many chips are not taken because nothing tells where they lie."""
    return sum(box is None for number, box in boxes.items() if number not in set(taken))


def size_of(path: Path) -> int:
    """Return the bytes of a file, 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
