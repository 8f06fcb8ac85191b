"""Which names inside an archive may become files."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from satseg.errors import FetchError

_MAX_NAME = 1024
_MAX_PART = 255
_DRIVE = re.compile(r"[A-Za-z]:")


def refused(archive: str, member: str, found: str) -> FetchError:
    """Return the error about one member of an archive."""
    return FetchError(
        expected=f"an archive {archive} of plain files and folders that stay inside of their"
        " folder",
        found=f"{found}: {member[:120]!r}",
        fix="Do not use this archive; fetch it again from its own source",
    )


class Names:
    """The names of an archive's members, each of which is checked against those before it."""

    def __init__(self, archive: str) -> None:
        self._archive = archive
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def place(self, member: str, *, is_folder: bool) -> PurePosixPath:
        """Return where a member belongs, relative to the target folder.

        Names that differ only in case or in the way accents are written count as the same, since
        some file systems keep only one of them.

        Raises:
            FetchError: an absolute name, one with ``..``, a backslash, a drive or a control
                character, one that is too long, or one that another member has.
        """
        found = _fault(member)
        if found is not None:
            raise refused(self._archive, member, found)
        path = PurePosixPath(member)
        keys = [_key(each) for each in (path, *path.parents) if each.parts]
        if not is_folder and (not keys or keys[0] in self._files | self._folders):
            raise refused(self._archive, member, "the same name twice" if keys else "no name")
        if self._files & set(keys if is_folder else keys[1:]):
            raise refused(self._archive, member, "a name below a file")
        self._folders.update(keys if is_folder else keys[1:])
        if not is_folder:
            self._files.add(keys[0])
        return path


def _fault(member: str) -> str | None:
    path = PurePosixPath(member)
    if not member or any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in member):
        return "an empty name, or one with control characters"
    if "\\" in member or _DRIVE.match(member):
        return "a name for another system"
    if path.is_absolute():
        return "an absolute name"
    if ".." in path.parts:
        return "a name with '..'"
    if len(member) > _MAX_NAME or any(len(part.encode()) > _MAX_PART for part in path.parts):
        return "a name that is too long"
    return None


def _key(path: PurePosixPath) -> str:
    return unicodedata.normalize("NFC", str(path)).casefold()
