"""The text of .IMD, .TIL and .RPB files: assignments in groups.

    name = "text";  number = 1.5e-02;  list = ( (0, 1.0), (2, 3.0) );
    BEGIN_GROUP = NAME ... END_GROUP = NAME  END;

A semicolon may be missing at the end of a line, as real files have it.

Source: DigitalGlobe, Imagery Support Data Documentation 1.1.2 (2014), "PVL format".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from satseg.errors import SceneError

Value = str | int | float | tuple["Value", ...]

MAX_BYTES = 16 * 2**20
"""Bound of a file that is read; real ones have some kilobytes."""

_MAX_DEPTH = 8
_TOKEN = re.compile(
    r'(?P<blank>[ \t\r\f\v]+|/\*.*?\*/)|(?P<line>\n)|(?P<quoted>"[^"]*")|(?P<mark>[=;(),])'
    r'|(?P<word>[^\s=;(),"]+)',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Group:
    """Assignments and groups below one name.

    Attributes:
        name: of the group; the file's name for the outermost one.
        values: what is assigned, in the order of the file.
        groups: what is nested, in the order of the file.
    """

    name: str
    values: Mapping[str, Value]
    groups: Mapping[str, Group]

    def group(self, name: str) -> Group | None:
        """Return a nested group, or None."""
        return self.groups.get(name)

    def text(self, key: str, default: str = "") -> str:
        """Return a value as text, ``default`` where there is none."""
        value = self.values.get(key, default)
        return value if isinstance(value, str) else str(value)

    def number(self, key: str) -> float | None:
        """Return a value as a number, None where there is none.

        Raises:
            SceneError: the value is no number.
        """
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, int | float):
            return float(value)
        raise SceneError(
            expected=f"a number as {key} of {self.name}",
            found=repr(value)[:80],
            fix="Copy the delivery again; the file is damaged",
        )

    def numbers(self, key: str) -> tuple[float, ...]:
        """Return a list of numbers.

        Raises:
            SceneError: there is none, or something in it is no number.
        """
        value = self.values.get(key)
        if isinstance(value, tuple) and all(isinstance(each, int | float) for each in value):
            return tuple(float(each) for each in value if isinstance(each, int | float))
        raise SceneError(
            expected=f"a list of numbers as {key} of {self.name}",
            found="none" if value is None else repr(value)[:80],
            fix="Copy the delivery again; the file is damaged",
        )


def read(path: Path) -> Group:
    """Return what a file assigns.

    Raises:
        SceneError: the file cannot be read, is too large, or breaks the format.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SceneError(
                expected=f"a text of at most {MAX_BYTES // 2**20} MiB",
                found=f"{path.name} of {path.stat().st_size // 2**20} MiB",
                fix="Check that this is the file of the delivery",
            )
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SceneError(
            expected=f"a readable file {path.name}", found=str(error), fix="Copy the delivery again"
        ) from error
    return parse(text, path.name)


def parse(text: str, name: str) -> Group:
    """Return what ``text`` assigns; ``name`` stands for it in errors.

    Raises:
        SceneError: the text breaks the format; line and reason are told.

    >>> parse('a = 1;\\nBEGIN_GROUP = B\\n c = "d";\\nEND_GROUP = B\\nEND;', "x").groups["B"].values
    {'c': 'd'}
    """
    return _Parser(text, name).outermost()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int


def _tokens(text: str) -> Iterator[_Token]:
    place, line = 0, 1
    while place < len(text):
        match = _TOKEN.match(text, place)
        kind = "stray" if match is None else str(match.lastgroup)
        found = text[place] if match is None else match[0]
        if kind not in {"blank", "line"}:
            yield _Token(kind, found, line)
        line += found.count("\n")
        place += len(found)
    yield _Token("end", "", line)


class _Parser:
    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._tokens = _tokens(text)
        self._next = next(self._tokens)

    def outermost(self) -> Group:
        group = self._body(self._name, 0)
        if not group.values and not group.groups:
            self._refuse("assignments, such as numRows = 1000;", "none")
        return group

    def _body(self, name: str, depth: int) -> Group:
        """Read to the END_GROUP of ``name``, to END or to the end of the text."""
        values: dict[str, Value] = {}
        groups: dict[str, Group] = {}
        while True:
            token = self._next
            key = token.text.upper()
            if depth == 0 and (token.kind == "end" or key == "END"):
                return Group(name, values, groups)
            if token.kind != "word":
                self._refuse(
                    f"END_GROUP = {name}" if token.kind == "end" else "a name", _shown(token)
                )
            self._step()
            self._mark("=")
            if key == "BEGIN_GROUP":
                inner = self._word()
                if depth + 1 > _MAX_DEPTH or inner in groups:
                    self._refuse("groups of different names, nested a few deep", inner)
                self._mark(";", optional=True)
                groups[inner] = self._body(inner, depth + 1)
            elif key == "END_GROUP":
                ended = self._word()
                if depth == 0 or ended != name:
                    self._refuse(f"END_GROUP = {name}" if depth else "a name", f"of {ended}")
                self._mark(";", optional=True)
                return Group(name, values, groups)
            else:
                values[token.text] = self._value(depth)
                self._mark(";", optional=True)

    def _value(self, depth: int) -> Value:
        token = self._next
        if token.kind == "quoted":
            self._step()
            return token.text[1:-1]
        if token.kind == "word":
            self._step()
            return _plain(token.text)
        if token.text != "(" or depth > _MAX_DEPTH:
            self._refuse("a value", _shown(token))
        self._step()
        items: list[Value] = []
        while self._next.text != ")" or self._next.kind != "mark":
            items.append(self._value(depth + 1))
            if self._next.text != ")":
                self._mark(",")
        self._step()
        return tuple(items)

    def _word(self) -> str:
        token = self._next
        if token.kind not in {"word", "quoted"}:
            self._refuse("the name of a group", _shown(token))
        self._step()
        return token.text.strip('"')

    def _mark(self, mark: str, *, optional: bool = False) -> None:
        if self._next.kind == "mark" and self._next.text == mark:
            self._step()
        elif not optional:
            self._refuse(f"'{mark}'", _shown(self._next))

    def _step(self) -> None:
        self._next = next(self._tokens, self._next)

    def _refuse(self, expected: str, found: str) -> NoReturn:
        raise SceneError(
            expected=f"{expected} in line {self._next.line} of {self._name}",
            found=found,
            fix="Copy the delivery again; the file is damaged or cut off",
        )


def _shown(token: _Token) -> str:
    return "the end of the file" if token.kind == "end" else repr(token.text[:40])


def _plain(text: str) -> Value:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text
