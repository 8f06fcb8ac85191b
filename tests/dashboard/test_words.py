import ast
import string
from pathlib import Path

import pytest

from dashboard.words import WORDS, words

HERE = Path(__file__).resolve()
SOURCES = sorted((HERE.parents[2] / "dashboard").glob("*.py"))


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", sorted(WORDS))
def test_both_languages_say_the_same_with_the_same_blanks(key: str) -> None:
    english, chinese = WORDS[key]
    assert english
    assert chinese
    assert blanks(english) == blanks(chinese)


def test_a_word_is_said_in_the_language_asked_for() -> None:
    assert words("en")("threshold") == "Threshold"
    assert words("zh")("threshold") == "阈值"
    assert words("en")("no_data") != words("zh")("no_data")


def test_every_word_that_the_dashboard_says_is_in_the_table() -> None:
    said = set()
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            is_say = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say"
            if is_say and node.args and isinstance(node.args[0], ast.Constant):
                said.add(node.args[0].value)
    assert len(said) > 30
    assert said <= set(WORDS)


def test_no_table_takes_a_word_of_another_one() -> None:
    said: list[str] = []
    for source in SOURCES:
        if source.name.startswith("words"):
            tree = ast.parse(source.read_text(encoding="utf-8"))
            tables = [node for node in ast.walk(tree) if isinstance(node, ast.Dict)]
            said += [
                key.value for table in tables for key in table.keys if isinstance(key, ast.Constant)
            ]
    assert {key for key in said if said.count(key) > 1} == set()
