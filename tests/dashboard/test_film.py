from dataclasses import replace
from pathlib import Path

import pytest

from dashboard.choice import Choice, Look
from dashboard.film import film_state
from dashboard.mapview import Answer
from dashboard.shelf import Selection, shelf
from dashboard.words import words

TOLD = {"token": "unet8", "threshold": 0.5, "opacity": 0.5, "shade": False, "clicks": 0}


@pytest.fixture
def choice(served: Path) -> Choice:
    scenes = tuple(shelf().scenes()["chongming"])
    return Choice(
        region=shelf().catalog.region("chongming"),
        interest=None,
        scenes=scenes,
        scene=scenes[1],
        selections=(Selection.of(["unet8"]),),
        view="overlay",
        colour="false_colour",
        language="zh",
    )


def film(choice: Choice) -> dict:
    store = shelf()
    series = {
        s: store.series(choice.scenes, s, 0.5, store.predictions()) for s in choice.selections
    }
    return film_state(choice, series, store.tiles, "ha", words("zh"))


def test_each_date_is_a_frame_in_their_order(choice: Choice) -> None:
    state = film(choice)
    ids = [frame["id"] for frame in state["frames"]]
    assert ids == ["2016-05-03", "2019-04-12", "2022-05-20", "2025-04-30"]
    assert state["frame"] == 1
    assert state["title"] == "崇明稻田"
    assert state["frames"][0]["note"].startswith("耕地 0.5")


def test_a_date_without_a_map_or_infrared_is_shown_as_it_can_be(choice: Choice) -> None:
    first, *_, last = film(choice)["frames"]
    assert "/false_colour/" in first["imagery"]["url"]
    assert "/probability/" in first["overlay"]["url"]
    assert "/true_colour/" in last["imagery"]["url"]
    assert (last["overlay"], last["note"]) == (None, "")


def test_without_a_model_the_film_is_of_the_imagery(choice: Choice) -> None:
    frames = film(replace(choice, selections=()))["frames"]
    assert [frame["overlay"] for frame in frames] == [None] * 4


def test_the_date_of_the_film_is_read() -> None:
    answer = Answer.read({**TOLD, "frame": "2019-04-12"})
    assert answer is not None
    assert answer.frame == "2019-04-12"
    assert Answer.read(TOLD).frame is None


def test_a_look_from_elsewhere_keeps_its_threshold_for_the_same_models_only(
    choice: Choice,
) -> None:
    answer = Answer.read({**TOLD, "threshold": 0.7, "opacity": 0.9})
    same = Look.of(choice.shown, answer, opacity=0.5)
    assert (same.threshold, same.opacity) == (0.7, 0.9)
    other = Look.of(Selection.of(["farmnet"]), answer, opacity=0.5)
    assert (other.threshold, other.opacity) == (0.5, 0.9)
