from satseg.zoo import list_cards, load_card
from satseg.zoo.measured import record

ROW = {"data": "LoveDA", "role": "external", "images": 3, "pixels": 3145728, "iou": 0.7312}
NOTES = {"DeepGlobe": "3 pictures", "LoveDA": "3 tiles"}


def test_measurements_reach_card_page_and_comparison(tiny_model):
    models = tiny_model.parent
    card = record(load_card(tiny_model), [ROW], NOTES, models)
    assert card.metrics[0]["iou"] == 0.7312
    page = (tiny_model / "CARD.md").read_text()
    assert "| LoveDA | external | 3 | 3,145,728 | 0.731 |" in page
    assert "- LoveDA: 3 tiles" in page
    assert "| [tiny](tiny/CARD.md) | 3 | 0.6 m |" in (models / "README.md").read_text()
    assert "0.731 |" in (models / "README.md").read_text()


def test_a_new_row_replaces_the_old_one_and_keeps_others(tiny_model):
    models = tiny_model.parent
    record(load_card(tiny_model), [ROW, {**ROW, "data": "DeepGlobe"}], NOTES, models)
    card = record(load_card(tiny_model), [{**ROW, "iou": 0.8}], NOTES, models)
    assert [(row["data"], row["iou"]) for row in card.metrics] == [
        ("DeepGlobe", 0.7312),
        ("LoveDA", 0.8),
    ]


def test_a_model_without_measurements_says_so(tiny_model):
    record(load_card(tiny_model), [], NOTES, tiny_model.parent)
    assert "Not measured yet" in (tiny_model / "CARD.md").read_text()


def test_the_zoos_pages_are_those_of_its_cards():
    for card in list_cards():
        page = (card.folder / "CARD.md").read_text(encoding="utf-8")
        assert card.sha256 in page
        assert all(f"{row['iou']:.3f}" in page for row in card.metrics)
