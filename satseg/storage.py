"""Files that appear at their place when they are complete, or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rasterio._err import CPLE_BaseError
from rasterio.errors import RasterioError

from satseg.errors import StorageError


@contextmanager
def storing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; the file written there becomes ``path`` at the end.

    Nothing is left behind when the block fails, and an existing ``path`` is then kept.

    Raises:
        StorageError: the file could not be written, for example on a full disk.
    """
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".satseg-", dir=path.parent))
    try:
        with explained(path):
            yield folder / path.name
            (folder / path.name).replace(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what is raised while ``path`` is written into a StorageError."""
    try:
        yield
    except (RasterioError, CPLE_BaseError, OSError) as error:
        cause = error.__cause__ or error
        raise StorageError(
            expected=f"room and permission to write {path}",
            found=str(cause),
            fix=f"Free space in {path.parent}, or choose another folder",
        ) from error
