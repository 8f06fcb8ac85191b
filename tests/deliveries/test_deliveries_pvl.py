from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satseg.deliveries import pvl
from satseg.errors import SceneError

TEXT = """version = "28.3";
generationTime = 2015-06-06T02:41:00.123456Z;
numRows = 33656;
BEGIN_GROUP = BAND_C
\tabsCalFactor = 1.480000e-02;
\tnote = "a = b; (c)";
END_GROUP = BAND_C
BEGIN_GROUP = IMAGE_1
\tTLCList = (
(0, 0.000000),
(33656, -1.695800)\t);
\tempty = ();
\tcloudCover = -999
END_GROUP = IMAGE_1
END;
what = "comes after the end is not read";
"""


def test_values_groups_and_lists_are_read() -> None:
    top = pvl.parse(TEXT, "x.IMD")
    assert top.values == {
        "version": "28.3",
        "generationTime": "2015-06-06T02:41:00.123456Z",
        "numRows": 33656,
    }
    assert list(top.groups) == ["BAND_C", "IMAGE_1"]
    assert top.groups["BAND_C"].values == {"absCalFactor": 0.0148, "note": "a = b; (c)"}
    image = top.groups["IMAGE_1"]
    assert image.values == {
        "TLCList": ((0, 0.0), (33656, -1.6958)),
        "empty": (),
        "cloudCover": -999,
    }


def test_carriage_returns_and_missing_semicolons_do_not_matter() -> None:
    loose = TEXT.replace('"28.3";', '"28.3"').replace("\n", "\r\n")
    assert pvl.parse(loose, "x.IMD") == pvl.parse(TEXT, "x.IMD")


def test_groups_nest() -> None:
    text = "BEGIN_GROUP = A\nBEGIN_GROUP = B\nc = 1;\nEND_GROUP = B\nEND_GROUP = A\nEND;"
    assert pvl.parse(text, "x").groups["A"].groups["B"].values == {"c": 1}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Expected assignments"),
        ("END;", "found none"),
        ("a = ;", "a value in line 1 of x.IMD; found ';'"),
        ("a\n= 1; b", "Expected '=' in line 2 of x.IMD; found the end of the file"),
        ("BEGIN_GROUP = A\nb = 1;\n", "END_GROUP = A in line 3 of x.IMD; found the end"),
        ("BEGIN_GROUP = A\nEND_GROUP = B\n", "END_GROUP = A in line 3 of x.IMD; found of B"),
        ("END_GROUP = B\n", "Expected a name"),
        ("a = (1, 2", "Expected ',' in line 1 of x.IMD; found the end"),
        ("a = (1 2);", "Expected ',' in line 1 of x.IMD; found '2'"),
        ('a = "open', "a value in line 1 of x.IMD; found '\"'"),
        ("BEGIN_GROUP = A\nEND_GROUP = A\nBEGIN_GROUP = A\nEND_GROUP = A", "different names"),
        ("BEGIN_GROUP = A\n" * 20, "different names, nested a few deep"),
        ("BEGIN_GROUP = ;", "the name of a group in line 1 of x.IMD; found ';'"),
        ("a = " + "(" * 50, "a value in line 1"),
        ("b = 1; = 3;", "a name in line 1 of x.IMD; found '='"),
    ],
)
def test_broken_texts_are_refused_with_the_line(text: str, told: str) -> None:
    with pytest.raises(SceneError) as refused:
        pvl.parse(text, "x.IMD")
    assert told in str(refused.value)


@given(st.text(alphabet='ab12=;(),"\n .-_ENDGROUP', max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = pvl.parse(text, "x.IMD")
    except SceneError:
        return
    assert found.values or found.groups


SCALARS = st.one_of(
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(alphabet="abc=;()# é", max_size=8).map(lambda text: f'"{text}"'),
)


@given(st.dictionaries(st.from_regex(r"[a-z][A-Za-z0-9_]{0,8}", fullmatch=True), SCALARS))
def test_what_is_written_is_read_back(values: dict[str, object]) -> None:
    text = "first = 1;\n" + "".join(f"{key} = {value};\n" for key, value in values.items())
    expected = {
        key: value[1:-1] if isinstance(value, str) else value for key, value in values.items()
    }
    assert pvl.parse(text + "END;", "x").values == {"first": 1, **expected}


def test_numbers_and_lists_are_asked_for_by_kind() -> None:
    group = pvl.parse('a = 2; b = "2"; c = (1, 2.5); d = (1, "x");', "x.RPB")
    assert (group.number("a"), group.number("none"), group.text("a")) == (2.0, None, "2")
    assert group.numbers("c") == (1.0, 2.5)
    for ask in (lambda: group.number("b"), lambda: group.numbers("d"), lambda: group.numbers("e")):
        with pytest.raises(SceneError, match="of x.RPB"):
            ask()


def test_files_that_are_too_large_or_missing_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.IMD"
    with pytest.raises(SceneError, match="a readable file x.IMD"):
        pvl.read(path)
    with path.open("wb") as file:
        file.truncate(pvl.MAX_BYTES + 1)
    with pytest.raises(SceneError, match="at most 16 MiB; found x.IMD of 16 MiB"):
        pvl.read(path)
