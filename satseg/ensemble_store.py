"""Ensembles that somebody put together, kept with a catalog: ``<root>/ensembles/<id>/card.toml``.

Those below the models folder were fitted and measured; these are anybody's own. They appear whole
or not at all, and nothing but cards is in them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from satseg.errors import CatalogError, StorageError
from satseg.identifiers import slug
from satseg.pooling import Pooling
from satseg.zoo.card import ENSEMBLE, ModelCard, write_table
from satseg.zoo.ensembles import EnsembleCard, Member, find_ensemble, list_ensembles

MAX_KEPT = 50
MAX_NAME = 40
_LOCK_TIMEOUT_S = 10.0


def ensembles_folder(root: Path) -> Path:
    """Return where a catalog keeps its ensembles."""
    return root / "ensembles"


class EnsembleStore:
    """The ensembles of one catalog.

    Args:
        root: folder of the catalog.
    """

    def __init__(self, root: Path) -> None:
        self.folder = ensembles_folder(root)

    def ensembles(self) -> list[EnsembleCard]:
        """Return all ensembles, by id.

        Raises:
            ModelError: a card was changed by hand and is wrong.
        """
        return list_ensembles(self.folder)

    def add(
        self,
        name: str,
        members: tuple[ModelCard, ...],
        pooling: Pooling,
        *,
        threshold: float = 0.5,
    ) -> EnsembleCard:
        """Keep a new ensemble and return its card.

        Args:
            name: what people call it; its id is made from it.
            members: two or more models.
            pooling: how they become one.
            threshold: probability from which a pixel counts as farmland.

        Raises:
            ModelError: the members do not make an ensemble.
            CatalogError: the name is empty, too long or taken, or there are too many.
            StorageError: the card cannot be written; nothing is left behind.
        """
        title = " ".join(name.split())
        if not title or len(title) > MAX_NAME:
            raise CatalogError(
                expected=f"a name of 1 to {MAX_NAME} characters",
                found=repr(title[: MAX_NAME + 1]),
                fix="Give the ensemble another name",
            )
        card = _card(title, members, pooling, threshold, self.folder)
        with self._locked():
            known = [card.id for card in self.ensembles()]
            if card.id in known:
                raise CatalogError(
                    expected="a name that no ensemble of this catalog has",
                    found=repr(title),
                    fix="Choose another name, or remove the other one first",
                )
            if len(known) >= MAX_KEPT:
                raise CatalogError(
                    expected=f"at most {MAX_KEPT} ensembles",
                    found=str(len(known)),
                    fix="Remove one that is not needed any more",
                )
            self._write(card)
        return card

    def remove(self, ensemble_id: str) -> EnsembleCard:
        """Remove an ensemble and return its card; its maps stay in the catalog.

        Raises:
            ModelError: there is none of that id.
        """
        with self._locked():
            found = find_ensemble(ensemble_id, self.folder)
            doomed = Path(tempfile.mkdtemp(prefix=".gone-", dir=self.folder))
            os.rename(found.folder, doomed / found.id)
        shutil.rmtree(doomed, ignore_errors=True)
        return found

    def _write(self, card: EnsembleCard) -> None:
        staged = Path(tempfile.mkdtemp(prefix=".new-", dir=self.folder))
        try:
            whole = staged / card.id
            whole.mkdir()
            write_table(whole, card.table())
            os.rename(whole, card.folder)
        except OSError as error:
            raise StorageError(
                expected=f"room and permission to write {card.folder}",
                found=f"{type(error).__name__}: {error}",
                fix="Free space on the disk, check that the folder may be written, and try again",
            ) from error
        finally:
            shutil.rmtree(staged, ignore_errors=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / ".lock", timeout=_LOCK_TIMEOUT_S):
                yield
        except Timeout as error:
            raise StorageError(
                expected=f"the lock of the ensembles within {_LOCK_TIMEOUT_S:.0f} s",
                found="another process that keeps it",
                fix="Wait until the other process has ended and try again",
            ) from error


def _card(
    title: str, members: tuple[ModelCard, ...], pooling: Pooling, threshold: float, folder: Path
) -> EnsembleCard:
    # A name in Chinese leaves nothing of itself in an id of Latin letters.
    short = slug(title).replace(".", "-").replace("_", "-")[:MAX_NAME].strip("-")
    ensemble_id = ENSEMBLE + (short or title.encode("utf-8").hex()[:MAX_NAME])
    return EnsembleCard(
        id=ensemble_id,
        title=title,
        summary="Put together by hand; neither fitted nor measured.",
        method=pooling.method,
        members=tuple(
            Member(card.id, card.sha256, round(share, 6))
            for card, share in zip(members, pooling.shares, strict=True)
        ),
        threshold=threshold,
        temperature=pooling.temperature,
        licence=" AND ".join(sorted({card.licence for card in members})),
        training={},
        metrics=(),
        failures=(),
        folder=folder / ensemble_id,
    )
