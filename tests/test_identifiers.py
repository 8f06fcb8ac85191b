import pytest
from hypothesis import given
from hypothesis import strategies as st

from satseg.errors import CatalogError
from satseg.identifiers import MAX_LENGTH, check_identifier, composed, is_identifier, slug


@pytest.mark.parametrize("text", ["a", "shanghai-6917", "a.b_c-d", "0", "a" * MAX_LENGTH])
def test_identifiers_pass_unchanged(text: str) -> None:
    assert check_identifier(text, what="an id") == text


@pytest.mark.parametrize(
    "text", ["", "..", "../a", "a/b", "A", ".a", "-a", "a b", "a..b", "a\n", "崇明", "a" * 201]
)
def test_what_could_leave_a_folder_or_url_is_no_identifier(text: str) -> None:
    assert not is_identifier(text)
    with pytest.raises(CatalogError, match="Choose another id"):
        check_identifier(text, what="an id")


@given(st.text())
def test_slugs_are_identifiers_or_empty(text: str) -> None:
    made = slug(text)
    assert made == "" or is_identifier(made)


@given(st.lists(st.text(min_size=1), min_size=1, max_size=3), st.lists(st.text(), max_size=3))
def test_composed_ids_are_identifiers_and_tell_tuples_apart(
    one: list[str], other: list[str]
) -> None:
    assert is_identifier(composed(*one))
    if one != other and other:
        assert composed(*one) != composed(*other)


def test_composed_ids_are_readable() -> None:
    assert composed("chongming-2015", "farmnet").startswith("chongming-2015.farmnet.")


def test_composed_ids_of_long_names_stay_within_the_limit() -> None:
    assert len(composed("a" * 150, "b" * 150)) <= MAX_LENGTH
