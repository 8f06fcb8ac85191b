"""Errors that say what was expected, what was found and what to do."""

from __future__ import annotations


class SatsegError(Exception):
    """Base of every error that a user can cause and mend.

    Args:
        expected: what the call needs, as a clause ("a GeoTIFF with a CRS").
        found: what was there instead, with file, band or value.
        fix: what to do about it, as an imperative sentence without a full stop.
    """

    def __init__(self, *, expected: str, found: str, fix: str) -> None:
        self.expected = expected
        self.found = found
        self.fix = fix
        super().__init__(f"Expected {expected}; found {found}. {fix}.")

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.expected, self.found, self.fix))


def _rebuild(kind: type[SatsegError], expected: str, found: str, fix: str) -> SatsegError:
    return kind(expected=expected, found=found, fix=fix)


class SceneError(SatsegError):
    """A scene that cannot be opened or read."""


class BandError(SatsegError):
    """Bands that are missing, unnamed or unknown."""


class ModelError(SatsegError):
    """A model card, its weights or its options are unusable."""


class EngineError(SatsegError):
    """A cluster that cannot be reached, has no workers or was lost."""


class CatalogError(SatsegError):
    """An entry that the catalog lacks, has twice or cannot store."""


class RegionError(SatsegError):
    """A region that is unknown, empty or outside of the scene."""


class DateError(SatsegError):
    """A text that is no date."""


class StorageError(SatsegError):
    """A file that could not be written completely."""


class TrainingError(SatsegError):
    """A training configuration or data set that cannot be used."""


class AccuracyError(SatsegError):
    """A sample or a design from which nothing can be estimated honestly."""


class FetchError(SatsegError):
    """A download, an archive or a remote catalog that failed or was refused."""


class VectorError(SatsegError):
    """Polygons that cannot be had or used: a vector file, an answer of OpenStreetMap."""


class Cancelled(Exception):  # noqa: N818 (an outcome, not a mistake)
    """The caller asked for the work to stop; nothing was registered."""
