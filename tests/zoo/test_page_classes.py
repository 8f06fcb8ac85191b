import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from landcover_models import write_class_model

from satseg.zoo.card import load_card
from satseg.zoo.measured import record
from satseg.zoo.page_classes import class_lines

ROW = {"data": "simulated regions", "role": "held-out", "images": 24, "pixels": 9, "iou": 0.9}
BY_CLASS = {"mean_iou": 0.6, "class_iou": {"farmland": 0.8, "water": 0.4}}


def test_the_page_shows_every_class_with_what_was_measured(tmp_path):
    card = load_card(write_class_model(tmp_path))
    record(card, [ROW | BY_CLASS, ROW | {"data": "DeepGlobe"}], {}, tmp_path)
    page = (card.folder / "CARD.md").read_text()
    assert "| Class | Code | Colour | Farmland | IoU, simulated regions |\n|---|---|" in page
    assert "| farmland | 1 | `#e6b800` | yes | 0.800 |" in page
    assert "| tree | 5 | `#2a9a50` | no | – |" in page
    assert "| **mean** | | | | **0.600** |" in page


def test_a_model_of_farmland_only_has_no_section_on_classes(tiny_model):
    assert class_lines(load_card(tiny_model)) == []
