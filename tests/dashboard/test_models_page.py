import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from landcover_models import legend, write_class_model
from streamlit.testing.v1 import AppTest

from dashboard import progress
from dashboard.cardtexts import titles
from dashboard.mixture import selections_of
from dashboard.paints import paints
from dashboard.session import Keys
from dashboard.shelf import Selection, shelf, token_of
from dashboard.words import words
from satseg.catalog import Catalog
from satseg.ensemble import combine
from satseg.ensemble_store import EnsembleStore
from satseg.errors import RegionError
from satseg.export.piece import piece_of
from satseg.jobs import Job
from satseg.pooling import Pooling
from satseg.recipes import recipe
from satseg.uncertainty import UNCERTAINTIES
from satseg.zoo.card import read_table, write_table

PAGE = """
import streamlit as st
from dashboard.session import Keys
from dashboard import models
st.session_state.setdefault(Keys.LANGUAGE, "en")
models.page()
"""
MAIN = Path(__file__).resolve().parents[2] / "dashboard" / "main.py"


class Queue:
    """Jobs that nobody works on, with what they were asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[str, ...], Mapping[str, object]]] = []
        self._numbers = itertools.count()

    def list(self) -> list[Job]:
        return []

    def submit(self, scene_id: str, model_ids: Sequence[str], **options: object) -> str:
        self.asked.append((scene_id, tuple(model_ids), options))
        return str(next(self._numbers))


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    fake = Queue()
    monkeypatch.setattr(progress, "jobs", lambda: fake)
    return fake


@pytest.fixture
def app(queue: Queue) -> AppTest:
    return AppTest.from_string(PAGE, default_timeout=60)


def bodies(app: AppTest) -> str:
    return "".join(str(part.proto.body) for part in app.get("html"))


def keep_both(root: Path, **options: object) -> str:
    wanted = recipe(["farmnet", "unet8"], **options)
    return EnsembleStore(root).add("Both", wanted.cards, wanted.pooling, threshold=0.4).id


def measured(models: Path, name: str) -> None:
    folder = models / name
    row = {"data": "fields", "role": "held-out", "images": 2, "pixels": 1000, "iou": 0.75}
    row |= {"f1": 0.8, "precision": 0.9, "recall": 0.7, "accuracy": 0.9, "area_bias": -0.1}
    row |= {"ece": 0.05, "auroc_entropy": 0.91}
    row["reliability"] = {"share": [0.5, 0.5], "predicted": [0.1, 0.9], "observed": [0.2, 0.8]}
    write_table(
        folder, {**read_table(folder), "metrics": [row], "failures": ["Misses <small> ones"]}
    )


def test_a_card_is_shown_with_what_people_ask(served: Path, models: Path, app: AppTest) -> None:
    measured(models, "farmnet")
    app.run()
    assert not app.exception
    assert not app.error
    shown = bodies(app)
    assert "red, green, blue" in shown
    assert "0.6 m" in shown
    assert "<td>0.750</td>" in shown
    assert "<td>0.910</td>" in shown
    assert "Misses &lt;small&gt; ones" in shown
    assert "Reliability on fields" in shown
    assert len(app.get("plotly_chart")) == 1
    app.pills(key=Keys.CARD).set_value("unet8").run()
    assert "satseg evaluate unet8" in str(app.caption[0].value)


def test_intervals_borders_regions_and_dates_are_shown(
    served: Path, models: Path, app: AppTest
) -> None:
    measured(models, "farmnet")
    table = read_table(models / "farmnet")
    table["metrics"][0] |= {"iou_low": 0.7, "iou_high": 0.8, "boundary_iou": 0.31}
    table["metrics"][0]["parts"] = [
        {"region": "chongming", "images": 2, "pixels": 9000, "iou": 0.75, "area_bias": -0.1},
        {"region": "<else>", "date": "2016-05-03", "images": 1, "pixels": 4000},
    ]
    write_table(models / "farmnet", table)
    app.run()
    assert not app.exception
    shown = bodies(app)
    assert "0.750<br><small>0.70–0.80</small>" in shown
    assert "<td>0.310</td>" in shown
    assert app.expander[0].label == "fields by region and date"
    assert "<td>all dates</td><td>0.750</td>" in shown
    assert "<td>2016-05-03</td><td>–</td>" in shown
    app.session_state[Keys.PART] = "comparison"
    app.run()
    assert app.dataframe[0].value["IoU, 95 % to"].tolist()[0] == 0.8


def test_classes_have_the_colours_of_the_map_and_their_scores(
    served: Path, models: Path, app: AppTest
) -> None:
    write_class_model(models, "landcover", keys=("farmland", "water", "tree"))
    measured(models, "landcover")
    table = read_table(models / "landcover")
    other = {**table["metrics"][0], "data": "landscapes <small>", "mean_iou": 0.625}
    other["class_iou"] = {"farmland": 0.5, "water": 0.75}
    write_table(models / "landcover", {**table, "metrics": [*table["metrics"], other]})
    app.session_state[Keys.CARD] = "landcover"
    app.run()
    assert not app.exception
    (scores,) = [
        str(part.proto.body) for part in app.get("html") if "satseg-class-scores" in part.proto.body
    ]
    assert scores.count("<tr>") == 5
    assert "<th>Class</th><th>landscapes &lt;small&gt;</th></tr>" in scores
    assert "Water</th><td>0.750</td>" in scores
    assert "Trees</th><td>–</td>" in scores
    assert "<th>Mean</th><td>0.625</td>" in scores
    for entry in legend(("farmland", "water", "tree")).entries:
        assert bodies(app).count(f"background:{entry.colour}") == 2
    app.session_state[Keys.CARD] = "farmnet"
    app.run()
    assert "IoU by class" not in bodies(app)


def test_an_ensemble_has_a_card_too(served_own: Path, app: AppTest) -> None:
    name = keep_both(served_own, weights=[3, 1])
    app.session_state[Keys.CARD] = name
    app.run()
    assert not app.exception
    shown = bodies(app)
    assert "FarmNet × 0.75<br>U-Net 8 × 0.25" in shown
    assert "put together by hand, not fitted" in shown


def test_the_comparison_can_be_sorted_and_says_what_each_set_is(
    served: Path, models: Path, app: AppTest
) -> None:
    for name in ("farmnet", "unet8"):
        measured(models, name)
    (models / "evaluation.toml").write_text(
        '[[sets]]\nname = "fields"\nkind = "pictures"\nrole = "held-out"\nnote = "two pictures"\n'
    )
    app.session_state[Keys.PART] = "comparison"
    app.run()
    assert not app.exception
    frame = app.dataframe[0].value
    assert frame["Model"].tolist() == ["FarmNet", "U-Net 8"]
    assert frame["IoU"].tolist() == [0.75, 0.75]
    assert "two pictures" in bodies(app)
    assert "U-Net 8: Not measured on fields: red, green and blue only." in bodies(app)


def test_maps_stand_side_by_side_and_what_is_missing_is_computed(
    served_own: Path, app: AppTest, queue: Queue
) -> None:
    name = keep_both(served_own)
    for key, value in ((Keys.PART, "samples"), (Keys.DATE, "2016-05-03"), (Keys.GROUND, 0)):
        app.session_state[key] = value
    app.run()
    assert not app.exception
    assert len(app.get("image")) == 3  # imagery and two models; the ensemble has no map yet
    assert "no map of this date yet" in bodies(app)
    app.button(key="compute_samples").click().run()
    assert queue.asked == [("chongming-2016-05-03", (name,), {})]
    app.select_slider(key=Keys.DATE).set_value("2025-04-30").run()
    assert "needs coastal" in bodies(app)


def test_an_ensemble_is_built_opened_and_removed(served_own: Path, app: AppTest) -> None:
    app.session_state[Keys.PART] = "build"
    app.run()
    app.text_input(key=Keys.MEMBER_NAME).set_value("两者 Both")
    app.slider(key="member_farmnet").set_value(3)
    app.slider(key=Keys.MEMBER_THRESHOLD).set_value(0.6)
    app.button(key="build_save").click().run()
    assert not app.exception
    (card,) = EnsembleStore(served_own).ensembles()
    assert (card.title, card.threshold) == ("两者 Both", 0.6)
    assert [member.weight for member in card.members] == [0.75, 0.25]
    assert app.toast[0].value == "两者 Both is kept. Choose it on Explore."
    assert app.text_input(key=Keys.MEMBER_NAME).value == ""
    app.button(key=f"open_{card.id}").click().run()
    assert app.session_state[Keys.MODELS] == [card.id]
    app.button(key=f"remove_{card.id}").click().run()
    assert EnsembleStore(served_own).ensembles() == []
    assert app.session_state[Keys.MODELS] == []


def test_a_name_that_is_taken_or_missing_is_told(served_own: Path, app: AppTest) -> None:
    keep_both(served_own)
    app.session_state[Keys.PART] = "build"
    app.run()
    app.button(key="build_save").click().run()
    assert "a name of 1 to 40 characters" in app.error[0].value
    app.text_input(key=Keys.MEMBER_NAME).set_value("Both")
    app.button(key="build_save").click().run()
    assert "that no ensemble of this catalog has" in app.error[0].value


def test_an_ensemble_whose_member_changed_is_told_and_not_offered(
    served_own: Path, models: Path, app: AppTest
) -> None:
    name = keep_both(served_own)
    assert name in titles()
    folder = models / "unet8"
    table = read_table(folder)
    write_table(folder, {**table, "weights": {**table["weights"], "sha256": "c" * 64}})
    assert name not in titles()
    app.session_state[Keys.PART] = "build"
    app.run()
    assert not app.exception
    assert "Both cannot be used: unet8 with the weights" in app.caption[0].value
    assert app.button(key=f"open_{name}").disabled


def test_the_page_is_there_in_chinese(served_own: Path, app: AppTest) -> None:
    keep_both(served_own)
    app.session_state[Keys.LANGUAGE] = "zh"
    for part in ("cards", "comparison", "samples", "build"):
        app.session_state[Keys.PART] = part
        app.run()
        assert not app.exception
        assert not app.error


def test_an_own_ensemble_is_chosen_on_explore_with_its_threshold(
    served_own: Path, queue: Queue
) -> None:
    name = keep_both(served_own)
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    app.query_params.update({"models": name, "date": "2016-05-03", "overlay": "entropy"})
    app.run()
    assert not app.exception
    assert app.pills(key=Keys.MODELS).value == [name]
    assert (("chongming-2016-05-03", (name,), {})) in queue.asked
    assert "threshold 0.40" in bodies(app)
    assert not app.toast


def test_weights_and_method_are_chosen_on_explore_and_reach_the_job(
    served_own: Path, queue: Queue
) -> None:
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    link = {"models": "farmnet,unet8", "weights": "3,1", "method": "vote", "date": "2016-05-03"}
    app.query_params.update(link)
    app.run()
    assert not app.exception
    assert not app.toast
    assert app.slider(key="weight_farmnet").value == 3
    wanted = ("chongming-2016-05-03", ("farmnet", "unet8"))
    assert (*wanted, {"weights": (3.0, 1.0), "method": "vote"}) in queue.asked
    app.slider(key="weight_farmnet").set_value(1).run()
    assert (*wanted, {"method": "vote"}) in queue.asked
    app.query_params["weights"] = "0,1"


def test_weights_of_a_link_that_cannot_be_are_left_out(served_own: Path, queue: Queue) -> None:
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    app.query_params.update({"models": "farmnet,unet8", "weights": "3,1,2", "method": "sum"})
    app.run()
    assert not app.exception
    assert "method, weights" in app.toast[0].value
    assert app.slider(key="weight_farmnet").value == 1


def test_tokens_tell_weights_and_methods_apart(served: Path) -> None:
    assert token_of(["b", "a"]) == "a+b" == token_of(["a", "b"], [2, 2])
    assert token_of(["b", "a"], [1, 3]) == "a+b:3,1"
    assert token_of(["a", "b"], None, "vote") == "a+b:vote"
    plain = Selection.of(["unet8", "farmnet"], weights={"farmnet": 2, "unet8": 2})
    assert plain == Selection.of(["farmnet", "unet8"])
    assert plain.options == {}
    votes = Selection.of(["farmnet", "unet8"], weights={"farmnet": 2}, method="vote")
    assert votes.options == {"weights": (2.0, 1.0), "method": "vote"}
    assert Selection.of(["farmnet"], method="vote") == Selection.of(["farmnet"])


def test_an_ensemble_beside_models_is_the_one_on_the_map(served_own: Path) -> None:
    name = keep_both(served_own)
    chosen = selections_of([name, "farmnet", "unet8"], {}, "mean")
    assert [one.model_ids for one in chosen] == [("farmnet",), ("unet8",), (name,)]
    together = selections_of(["farmnet", "unet8"], {"farmnet": 2}, "mean")
    assert together[-1] == Selection.of(["farmnet", "unet8"], weights={"farmnet": 2})


def test_the_overlay_offers_what_the_prediction_holds(served_own: Path, tmp_path: Path) -> None:
    catalog = Catalog.open(served_own)
    scene_id = "chongming-2016-05-03"
    scene, say = catalog.scene(scene_id), words("en")
    single = catalog.find_prediction(scene_id, "farmnet")
    assert single is not None
    (entropy,) = paints(shelf().tiles, scene, single, say)
    assert (entropy["kind"], entropy["of"], entropy["unit"]) == ("entropy", "probability", "bit")
    assert "/probability/" in entropy["source"]["url"]
    other = catalog.find_prediction(scene_id, "unet8")
    assert other is not None
    layers = {kind: tmp_path / f"{kind}.tif" for kind in UNCERTAINTIES}
    pair = [single.probability, other.probability]
    combine(pair, tmp_path / "p.tif", pooling=Pooling.of(2), uncertainties=layers)
    both = catalog.add_prediction(
        scene_id,
        "ensemble-farmnet+unet8",
        weights_sha256="e" * 64,
        probability=tmp_path / "p.tif",
        runtime="by hand",
        members=("farmnet", "unet8"),
        layers={str(kind): path for kind, path in layers.items()},
    )
    found = paints(shelf().tiles, scene, both, say)
    assert [one["kind"] for one in found] == ["disagreement", "entropy", "information"]
    assert found[0]["ticks"] == ["0", "0.25", "0.5"]
    assert found[2]["ticks"] == ["0", "0.25", "≥ 0.5"]
    older = catalog.add_prediction(
        scene_id,
        "older",
        weights_sha256="d" * 64,
        probability=tmp_path / "p.tif",
        runtime="by hand",
        members=("farmnet", "unet8"),
    )
    assert paints(shelf().tiles, scene, older, say) == []


def test_a_piece_of_a_scene_is_as_large_as_asked(served: Path) -> None:
    scene = Catalog.open(served).scene("chongming-2016-05-03")
    whole = piece_of(scene, pixels=64)
    part = piece_of(scene, pixels=64, across_m=30, x=0, y=0)
    assert part.metres_across == pytest.approx(30, rel=0.01)
    assert part.bounds[0] == pytest.approx(whole.bounds[0], abs=2)
    east = piece_of(scene, pixels=64, across_m=30, x=1, y=0)
    assert east.bounds[0] - part.bounds[0] > 40
    assert np.isclose(piece_of(scene, pixels=64, across_m=1e6).bounds, whole.bounds).all()
    with pytest.raises(RegionError, match="a place from 0 to 1"):
        piece_of(scene, pixels=64, x=1.5)
