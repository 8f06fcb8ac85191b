"""Where new scenes may come from: folders and hosts that the operator named, and how large.

A visitor names a path or an address; both are compared with the operator's lists as texts before
anything is looked up, so that a name outside of them reaches neither the disk nor the network.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from satseg.errors import FetchError, SceneError

FOLDERS_VARIABLE: Final = "SATSEG_SCENE_FOLDERS"
HOSTS_VARIABLE: Final = "SATSEG_SCENE_HOSTS"
LIMIT_VARIABLE: Final = "SATSEG_SCENE_MAX_MB"

USUAL_MAX_MB: Final = 4_000
MAX_PATH: Final = 1_000
MAX_LISTED: Final = 500
IMAGE_ENDINGS: Final = (".tif", ".tiff")
_PRIVATE: Final = "private:"
_MAX_ENTRIES: Final = 5_000
_MAX_DEPTH: Final = 6
_PRODUCTS: Final = ("MUL", "PAN", "PSH")
"""How Maxar's folders of multispectral, panchromatic and sharpened products end."""

_HOST = re.compile(r"(?P<wild>\*\.)?(?P<name>[a-z0-9_.-]+|\[[0-9a-f:.]+\])(:(?P<port>\d{1,5}))?")
_VIRTUAL = re.compile(r"[/\\]*vsi|[a-z][a-z0-9+.-]{2,}:", re.IGNORECASE)
"""GDAL's virtual file systems (/vsicurl/...) and addresses; neither is a path here."""


@dataclass(frozen=True, slots=True)
class Host:
    """A host from which images may be downloaded.

    Attributes:
        name: in small letters; with ``below``, every host below it too is meant, and only those.
        port: of https.
        below: whether it was written as ``*.name``.
        private: whether it may have an address that the internet does not route.
    """

    name: str
    port: int = 443
    below: bool = False
    private: bool = False

    def covers(self, name: str, port: int) -> bool:
        """Return whether a host is meant."""
        if port != self.port:
            return False
        return name.endswith(f".{self.name}") if self.below else name == self.name

    @property
    def text(self) -> str:
        """The host as the operator writes it, without ``private:``."""
        port = "" if self.port == 443 else f":{self.port}"
        return f"{'*.' if self.below else ''}{self.name}{port}"


@dataclass(frozen=True, slots=True)
class Listed:
    """An image or a delivery in one of the operator's folders.

    Attributes:
        path: where it is.
        name: the path from the folder's own name on.
        is_delivery: whether it is the folder of a delivery.
    """

    path: Path
    name: str
    is_delivery: bool = False


@dataclass(frozen=True, slots=True)
class Permissions:
    """What the operator allows.

    Attributes:
        folders: folders below which images may be added by path; none without them.
        hosts: hosts from which images may be downloaded; none without them.
        max_bytes: size above which an upload or a download is refused.
    """

    folders: tuple[Path, ...] = ()
    hosts: tuple[Host, ...] = ()
    max_bytes: int = USUAL_MAX_MB * 1_000_000

    def __post_init__(self) -> None:
        relative = [str(folder) for folder in self.folders if not folder.is_absolute()]
        if relative:
            raise SceneError(
                expected=f"absolute paths of folders in {FOLDERS_VARIABLE}",
                found=", ".join(relative),
                fix="Write them from the root on, for example /data/imagery",
            )
        if self.max_bytes < 1:
            raise SceneError(
                expected=f"a size above 0 MB in {LIMIT_VARIABLE}",
                found=f"{self.max_bytes} bytes",
                fix=f"Give for example {USUAL_MAX_MB}",
            )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Permissions:
        """Return what SATSEG_SCENE_FOLDERS, SATSEG_SCENE_HOSTS and SATSEG_SCENE_MAX_MB say.

        Folders are separated as in PATH, hosts by commas: ``data.example.org, *.example.com,
        private:nas.local:8443``. A host is asked at its public addresses only, unless it is
        written with ``private:``.

        Raises:
            SceneError: a folder is not absolute, or the size is no number above 0.
            FetchError: a host cannot be understood.
        """
        given = os.environ if environment is None else environment
        folders = (part.strip() for part in given.get(FOLDERS_VARIABLE, "").split(os.pathsep))
        hosts = (part.strip() for part in given.get(HOSTS_VARIABLE, "").split(","))
        return cls(
            folders=tuple(Path(os.path.normpath(folder)) for folder in folders if folder),
            hosts=tuple(_host(text) for text in hosts if text),
            max_bytes=_limit(given.get(LIMIT_VARIABLE) or str(USUAL_MAX_MB)),
        )

    def path_of(self, text: str) -> Path:
        """Return the image file, or the folder of a delivery, that somebody named.

        Args:
            text: an absolute path below one of the folders, or one that starts with the name of
                the folder itself, as ``listed`` shows it.

        Raises:
            SceneError: the path lies elsewhere, also through a link, names a virtual file system of
                GDAL, or has no GeoTIFF and no folder there. What lies elsewhere is not looked at.
        """
        below = self._below(text)
        if below is None:
            raise self._outside(text)
        folder, path = below
        try:
            home, found = folder.resolve(strict=True), path.resolve(strict=True)
        except (OSError, RuntimeError) as error:
            raise SceneError(
                expected="an image or the folder of a delivery in one of the operator's folders",
                found=f"none called {text[:200]!r}",
                fix="Choose one of the list",
            ) from error
        if not found.is_relative_to(home):
            raise self._outside(text)
        if found.is_dir() or (found.is_file() and _is_image_name(found.name)):
            return found
        raise SceneError(
            expected=f"a file that ends with {' or '.join(IMAGE_ENDINGS)}, or a delivery's folder",
            found=repr(path.name[:200]),
            fix="Convert other formats with gdal_translate -of COG",
        )

    def listed(self) -> list[Listed]:
        """Return the first 500 images and deliveries in the folders, by name; no link is followed.

        A folder that cannot be read has none.
        """
        found: list[Listed] = []
        for folder in self.folders:
            for each in _walk(folder, folder.parent, 0):
                found.append(each)
                if len(found) >= MAX_LISTED:
                    return found
        return found

    def host(self, name: str, port: int) -> Host | None:
        """Return the entry of the list that covers a host, one that may be private first."""
        fits = [host for host in self.hosts if host.covers(name.lower(), port)]
        return min(fits, key=lambda host: not host.private, default=None)

    def _below(self, text: str) -> tuple[Path, Path] | None:
        """Return the folder and the path below it that a text names; nothing is looked up."""
        if len(text) > MAX_PATH or "\0" in text or _VIRTUAL.match(text.strip()):
            return None
        given = text.strip()
        for folder in self.folders:
            path = Path(os.path.normpath(folder.parent / given))
            if given and path != folder and path.is_relative_to(folder):
                return folder, path
        return None

    def _outside(self, text: str) -> SceneError:
        names = ", ".join(str(folder) for folder in self.folders)
        return SceneError(
            expected=f"a path below {names}" if names else "no path: the operator named no folder",
            found=repr(text[:200]),
            fix="Choose one of the list"
            if names
            else f"Ask the operator to set {FOLDERS_VARIABLE}",
        )


def _walk(folder: Path, start: Path, depth: int) -> Iterator[Listed]:
    """Yield the images and deliveries below a folder; a delivery's own files are part of it."""
    files, folders = _entries(folder)
    if depth and (_has_metadata(files) or any(_is_product(folder / name) for name in folders)):
        yield Listed(folder, str(folder.relative_to(start)), is_delivery=True)
        return
    for name in filter(_is_image_name, files):
        yield Listed(folder / name, str((folder / name).relative_to(start)))
    if depth < _MAX_DEPTH:
        for name in folders:
            yield from _walk(folder / name, start, depth + 1)


def _entries(folder: Path) -> tuple[list[str], list[str]]:
    """Return the names of files and of folders, links and hidden ones left out, sorted."""
    try:
        with os.scandir(folder) as entries:
            first = [entry for entry, _ in zip(entries, range(_MAX_ENTRIES), strict=False)]
    except OSError:
        return [], []
    shown = [entry for entry in first if not entry.name.startswith(".")]
    files = sorted(entry.name for entry in shown if entry.is_file(follow_symlinks=False))
    return files, sorted(entry.name for entry in shown if entry.is_dir(follow_symlinks=False))


def _is_product(folder: Path) -> bool:
    """Return whether a folder is one product of an order, such as ``..._P001_MUL``."""
    return folder.name.upper().endswith(_PRODUCTS) and _has_metadata(_entries(folder)[0])


def _has_metadata(files: Iterable[str]) -> bool:
    return any(name.lower().endswith(".imd") for name in files)


def _is_image_name(name: str) -> bool:
    return name.lower().endswith(IMAGE_ENDINGS)


def _host(text: str) -> Host:
    plain = text.lower().removeprefix(_PRIVATE).strip()
    match = _HOST.fullmatch(plain)
    port = int(match["port"] or 443) if match else 0
    if match is None or not 0 < port < 2**16:
        raise FetchError(
            expected=f"names of hosts in {HOSTS_VARIABLE}, with commas between them",
            found=repr(text[:100]),
            fix="Write for example: data.example.org, *.example.com, private:nas.local:8443",
        )
    private = text.lower().startswith(_PRIVATE)
    return Host(match["name"].strip("[]"), port, below=bool(match["wild"]), private=private)


def _limit(text: str) -> int:
    try:
        return round(float(text) * 1_000_000)
    except (ValueError, OverflowError) as error:
        raise SceneError(
            expected=f"a number of megabytes in {LIMIT_VARIABLE}",
            found=repr(text[:50]),
            fix=f"Give for example {USUAL_MAX_MB}",
        ) from error
