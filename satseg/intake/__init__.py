"""New scenes from a visitor: understood and shown before anything is registered.

    upload | address | operator's folder -> Arrivals (waiting room) -> understand_image -> Catalog

The names under which things arrive reach neither the disk nor the network; see ``permissions``.
"""

from satseg.intake.adding import Entry
from satseg.intake.desk import Desk
from satseg.intake.permissions import Permissions
from satseg.intake.receiving import Receiving
from satseg.intake.status import Status
from satseg.intake.understanding import Place, Understood, place, understand_image

__all__ = [
    "Desk",
    "Entry",
    "Permissions",
    "Place",
    "Receiving",
    "Status",
    "Understood",
    "place",
    "understand_image",
]
