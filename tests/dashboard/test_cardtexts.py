from collections.abc import Iterator

from streamlit.testing.v1 import AppTest

from dashboard.cardtexts import CHINESE
from dashboard.session import Keys
from dashboard.shelf import cards, ensembles
from satseg.bands import WORLDVIEW3
from satseg.evaluation_sets import load_sets
from satseg.zoo import default_models_folder, find_card

PROPER_NAMES = {"FarmNet", "FarmNet L", "MetisNet", "LoveDA", "DeepGlobe", "RSSCN7"}


def every_text() -> Iterator[str]:
    yield from WORLDVIEW3
    for card in (*cards(), *ensembles()):
        yield from (card.title, card.summary)
        for row in card.metrics:
            yield from (str(row["data"]), str(row["role"]))
    for card in cards():
        yield str(card.training["split"])
        for data in card.training["data"]:
            yield from (str(data["name"]), str(data["terms"]))
    for one in load_sets(default_models_folder() / "evaluation.toml"):
        yield from (one.name, one.note)


def test_all_that_pages_show_of_the_zoo_is_there_in_chinese() -> None:
    assert {text for text in every_text() if text not in CHINESE} <= PROPER_NAMES


def test_no_translation_is_left_of_what_no_card_says_any_more() -> None:
    handmade = {"Put together by hand; neither fitted nor measured."}
    assert set(CHINESE) - set(every_text()) <= handmade


def test_a_card_names_every_class_that_its_model_tells_apart() -> None:
    page = (
        "import streamlit as st\nfrom dashboard import models\nfrom dashboard.session import Keys\n"
    )
    app = AppTest.from_string(
        f'{page}st.session_state.setdefault(Keys.LANGUAGE, "en")\nmodels.page()'
    )
    app.session_state[Keys.CARD] = "landcover"
    app.run(timeout=60)
    shown = "".join(str(one.proto.body) for one in app.get("html"))
    assert not app.exception
    legend = find_card("landcover").legend
    assert legend is not None
    for entry in legend.entries:
        assert f'style="background:{entry.colour}"></span>{entry.land.name_en}' in shown
