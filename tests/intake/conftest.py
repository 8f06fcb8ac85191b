import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
for wanted in (HERE.parent, HERE.parent / "deliveries"):
    if str(wanted) not in sys.path:
        sys.path.insert(0, str(wanted))

from satseg.catalog import Catalog  # noqa: E402
from satseg.intake import Desk, Permissions, Status  # noqa: E402
from satseg.intake.status import ACTIVE  # noqa: E402

PATIENCE_S = 60.0


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog.open(tmp_path / "catalog")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that the operator named."""
    home = tmp_path / "imagery"
    home.mkdir()
    return home


@pytest.fixture
def desk(catalog: Catalog, folder: Path) -> Iterator[Desk]:
    desk = Desk(catalog.root, Permissions(folders=(folder,), max_bytes=200_000))
    yield desk
    desk.close()


Settle = Callable[[Desk, str], Status]


@pytest.fixture
def settle() -> Settle:
    """Wait until nothing more is done with an arrival, and return how it stands."""

    def wait(desk: Desk, arrival_id: str) -> Status:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            status = desk.status(arrival_id)
            if status.state not in ACTIVE:
                return status
            time.sleep(0.02)
        raise AssertionError(f"{desk.status(arrival_id)} does not settle")

    return wait
