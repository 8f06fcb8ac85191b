"""What the commands write to the terminal: progress bars and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import ProgressColumn
    from rich.table import Table

_WIDTH_OF_A_FILE = 200


@contextmanager
def bar(description: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a callback (done, total) that moves a bar on the error output until the block ends.

    Where the error output is no terminal there is no bar.
    """
    from rich.progress import TaskProgressColumn

    with _bar(description, TaskProgressColumn()) as step:
        yield step


@contextmanager
def byte_bar(description: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a callback (bytes done, bytes in all) like ``bar``'s; it shows bytes and their speed.

    Where the number of bytes in all is 0 it is not known, and the bar only says that work goes on.
    """
    from rich.progress import DownloadColumn, TransferSpeedColumn

    with _bar(description, DownloadColumn(binary_units=False), TransferSpeedColumn()) as step:
        yield lambda done, total: step(done, total or None)


@contextmanager
def _bar(description: str, *numbers: ProgressColumn) -> Iterator[Callable[[int, int | None], None]]:
    """Yield a callback (done, total) that moves a bar with these columns between it and the end."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), *numbers, TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(description, total=None)

        def step(done: int, total: int | None) -> None:
            progress.update(task, completed=done, total=total)

        yield step


def in_bytes(number: int | None) -> str:
    """Return a number of bytes as people write it, a dash for None.

    >>> in_bytes(23_300_000_000), in_bytes(950), in_bytes(None)
    ('23.3 GB', '950 B', '-')
    """
    if number is None:
        return "-"
    size = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"


def table(words: Sequence[str], numbers: Sequence[str] = ()) -> Table:
    """Return an empty table whose ids are never cut: columns of words, then of numbers."""
    from rich.table import Table

    empty = Table()
    for heading in words:
        empty.add_column(heading, overflow="fold")
    for heading in numbers:
        empty.add_column(heading, justify="right", no_wrap=True)
    return empty


def show(filled: Table) -> None:
    """Print a table; into a file or a pipe as wide as it wants to be."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH_OF_A_FILE)
    console.print(filled)
