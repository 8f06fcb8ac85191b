import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from export_maps import DAYS, half, subject
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from satseg.catalog import Catalog
from satseg.errors import StorageError
from satseg.export import legend
from satseg.export.figure import INCHES, FigureOptions, figure_png, source, write_figure
from satseg.export.fonts import drawable
from satseg.export.furniture import width_of, write
from satseg.export.picture import View, outline_of, picture, view_of
from satseg.export.quantities import length_text, round_length_m
from satseg.export.subject import file_stem
from satseg.export.words import WORDS, words

ROOT = Path(__file__).resolve().parents[2]


def png(mapped: Catalog, options: FigureOptions | None = None, **changes: object) -> Image.Image:
    wanted = subject(mapped, **changes)
    area = mapped.area(wanted.prediction.id, "s0")
    return Image.open(BytesIO(figure_png(wanted, area, options)))


def rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))


@pytest.mark.parametrize(
    ("options", "size"),
    [
        (FigureOptions(), (1920, 1080)),
        (FigureOptions(size="print", dpi=100, language="zh", unit="mu"), (1169, 826)),
    ],
)
def test_figures_have_the_size_of_a_slide_or_a_sheet(
    mapped: Catalog, options: FigureOptions, size: tuple[int, int]
) -> None:
    found = png(mapped, options)
    assert found.size == size
    assert found.info["dpi"] == pytest.approx((options.dots, options.dots), abs=1)


def test_print_has_the_dots_of_a_sheet_of_a4() -> None:
    options = FigureOptions(size="print")
    figure = Figure(figsize=INCHES["print"], dpi=options.dots)
    assert FigureCanvasAgg(figure).get_width_height() == (3508, 2480)


def test_the_file_says_where_the_figure_comes_from(mapped: Catalog) -> None:
    found = png(mapped, FigureOptions(dpi=60))
    assert found.info["Title"] == f"s0 {DAYS[0]}"
    assert found.info["Software"].startswith("satseg ")
    assert found.info["satseg:weights_sha256"] == "ab" * 32


def test_nothing_reaches_the_edge_of_the_sheet_whatever_the_names_length(mapped: Catalog) -> None:
    wanted = subject(mapped)
    named = replace(
        wanted, region=replace(wanted.region, name_en="A very long name of a place " * 9)
    )
    area = mapped.area(wanted.prediction.id, "s0")
    found = Image.open(BytesIO(figure_png(named, area, FigureOptions(dpi=60)))).convert("RGB")
    edge = np.asarray(found).copy()
    edge[12:-12, 12:-12] = 255
    assert (edge == 255).all()


def test_a_text_is_set_smaller_and_then_cut_to_fit_its_room() -> None:
    figure = Figure(figsize=(5, 5), dpi=100)
    FigureCanvasAgg(figure)
    short, long, longest = (write(figure, 0, 0, "m" * n, 20, room=2.0) for n in (3, 8, 60))
    assert (short.get_fontsize(), short.get_text()) == (20, "mmm")
    assert 10 < long.get_fontsize() < 20
    assert longest.get_fontsize() == 10
    assert longest.get_text().endswith("…")
    assert all(width_of(figure, text) <= 2.02 for text in (short, long, longest))


@pytest.mark.parametrize("dpi", [10, 5000])
def test_dots_out_of_range_are_refused(dpi: int) -> None:
    with pytest.raises(StorageError, match="Expected 50 to 600 dots an inch; found"):
        FigureOptions(dpi=dpi)


def test_writing_keeps_what_was_there_when_a_picture_fails(mapped: Catalog, tmp_path: Path) -> None:
    target = tmp_path / "f.png"
    target.write_bytes(b"old")
    wanted = subject(mapped)
    gone = replace(wanted, scene=replace(wanted.scene, display=tmp_path / "gone.tif"))
    area = mapped.area(wanted.prediction.id, "s0")
    with pytest.raises(Exception, match=r"gone\.tif"):
        write_figure(gone, area, target, FigureOptions(dpi=60))
    assert target.read_bytes() == b"old"


def test_farmland_is_painted_where_the_map_has_it(mapped: Catalog) -> None:
    wanted = subject(mapped)
    view = view_of(outline_of(wanted), width=400, height=300)
    plain = picture(wanted, view, overlay=False).astype(int)
    painted = picture(wanted, view, opacity=0.5).astype(int)
    changed = (plain != painted).any(axis=-1)
    share = changed.sum() / (plain != rgb(legend.GROUND)).any(axis=-1).sum()
    assert share == pytest.approx((40 * 50 - 20 + 1) / (60 * 80), abs=0.03)
    mixed = np.rint((plain[changed] + rgb(legend.FARMLAND)) / 2)
    assert np.abs(mixed - painted[changed]).max() <= 1


def test_farmland_outside_of_the_outline_is_not_painted(mapped: Catalog) -> None:
    area = half(mapped.regions()[0].geometry)
    whole, west = subject(mapped), subject(mapped, clip=area, clip_name="west")
    view = view_of(outline_of(whole), width=400, height=300)
    plain = picture(whole, view, overlay=False)
    painted = (picture(west, view) != plain).any(axis=-1)
    assert painted[:, :190].any()
    assert not painted[:, 210:].any()


def test_a_view_without_imagery_is_plain_ground(mapped: Catalog) -> None:
    far = View((0.0, 0.0, 1000.0, 1000.0), 30, 20)
    assert (picture(subject(mapped), far) == rgb(legend.GROUND)).all()


def test_ground_at_the_pictures_edge_is_where_it_belongs(mapped: Catalog) -> None:
    """A view that begins within the scene shows the same pixels as the view of all of it."""
    wanted = subject(mapped)
    whole = view_of(outline_of(wanted), width=400, height=400)
    west, south, east, north = whole.bounds
    part = View(((west + east) / 2, south, east, north), 200, 400)
    one = picture(wanted, whole, overlay=False)[:, 200:].astype(int)
    other = picture(wanted, part, overlay=False).astype(int)
    assert np.abs(one - other).mean() < 6


def test_a_view_is_as_long_as_the_geodesic_says() -> None:
    metres = 111_319.49 * np.cos(np.radians(31)) * 0.01  # on a sphere of the equator's radius
    west, east = (np.radians(lon) * 6_378_137 for lon in (121.0, 121.01))
    view = View((west, 3_632_000.0, east, 3_633_000.0), 100, 100)
    assert view.metres_across == pytest.approx(metres, rel=0.01)


@given(longest=st.floats(0.01, 1e6))
def test_scale_bars_are_round_and_fit(longest: float) -> None:
    length = round_length_m(longest)
    assert length <= longest * (1 + 1e-6)
    assert length > longest / 2.51
    assert re.fullmatch(r"0*[125]0*", f"{length:.10g}".replace(".", "")) is not None
    assert length_text(length).endswith(" m" if length < 1000 else " km")


def test_colours_are_those_of_the_dashboards_map() -> None:
    script = (ROOT / "dashboard" / "assets" / "layers.js").read_text(encoding="utf-8")
    found = re.search(r"MASK_COLOUR = \[(\d+), (\d+), (\d+)\]", script)
    assert found is not None
    assert tuple(map(int, found.groups())) == rgb(legend.FARMLAND)
    assert legend.MASK[1] == (1, (*rgb(legend.FARMLAND), 255))


def test_every_word_can_be_drawn_and_stands_in_both_languages() -> None:
    for key, (english, chinese) in WORDS.items():
        assert drawable(english) == english, key
        assert drawable(chinese) == chinese, key
        blanks = [set(re.findall(r"\{(\w+)\}", text)) for text in (english, chinese)]
        assert blanks[0] == blanks[1], key


def test_what_the_font_lacks_becomes_a_question_mark() -> None:
    assert drawable("崇明 m² 🌾\n") == "崇明 m² ?\n"


def test_the_source_names_an_ensembles_members(mapped: Catalog) -> None:
    wanted = subject(mapped)
    record = replace(wanted.prediction, model_id="ensemble-a+b", members=("a", "b"))
    lines = dict(source(replace(wanted, prediction=record), words("en")))
    assert lines["Model"] == "mean of a + b"
    assert lines["Imagery"] == "4 bands, 0.6 m"
    simulated = replace(wanted, scene=replace(wanted.scene, simulated=True))
    assert dict(source(simulated, words("zh")))["影像"].startswith("模拟")


@pytest.mark.parametrize(
    ("threshold", "name"), [(0.5, "a-t0.50"), (0.125, "a-t0.125"), (None, "a")]
)
def test_file_names_say_the_threshold(threshold: float | None, name: str) -> None:
    assert file_stem("a", threshold=threshold) == name


@settings(max_examples=15)
@given(parts=st.lists(st.text(max_size=60), max_size=3))
def test_file_names_are_safe_whatever_the_names(parts: list[str]) -> None:
    assert re.fullmatch(r"[a-z0-9_.-]{0,120}", file_stem(*parts)) is not None
    assert ".." not in file_stem(*parts)
