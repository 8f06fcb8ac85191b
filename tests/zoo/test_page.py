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
        long = f"windows are {2 * card.patch_px} x {card.patch_px} px"
        assert (long in page) == (card.int8 is not None)


MEASURED = {
    **ROW,
    "iou_low": 0.7012,
    "iou_high": 0.7612,
    "blocks": 27,
    "block": "squares of at most 256 m",
    "boundary_iou": 0.4111,
    "boundary_m": 6.0,
    "reliability": {"share": [0.25, 0.75], "predicted": [0.05, 0.95], "observed": [0.1, 0.9]},
    "parts": [
        {"region": "chongming", "images": 6, "pixels": 24, "iou": 0.9, "area_bias": 0.01},
        {"region": "chongming", "date": "2016-05-28", "images": 1, "pixels": 4, "iou": 0.8},
    ],
}


def test_the_interval_the_parts_and_the_calibration_reach_the_page(tiny_model):
    record(load_card(tiny_model), [MEASURED], NOTES, tiny_model.parent)
    page = (tiny_model / "CARD.md").read_text()
    assert "| LoveDA | external | 3 | 3,145,728 | 0.731 | 0.701–0.761 | 27 | 0.411 |" in page
    assert "27 squares of at most 256 m" in page
    assert "strips of 6 m" in page
    assert "### LoveDA by region and date" in page
    assert "| chongming | – | 6 | 24 | 0.900 | 0.010 |" in page
    assert "| chongming | 2016-05-28 | 1 | 4 | 0.800 | – |" in page
    assert "| Data | Pixels | 0 to 0.1 | 0.9 to 1 |" in page
    assert "| LoveDA | 3,145,728 | 0.05 → 0.10 (25%) | 0.95 → 0.90 (75%) |" in page
    assert "| 0.731 (0.701–0.761) |" in (tiny_model.parent / "README.md").read_text()


def test_rows_from_before_intervals_were_measured_still_stand(tiny_model):
    record(load_card(tiny_model), [ROW], NOTES, tiny_model.parent)
    page = (tiny_model / "CARD.md").read_text()
    assert "95 %" not in page
    assert "Boundary" not in page
    assert "| 0.731 |" in (tiny_model.parent / "README.md").read_text()
