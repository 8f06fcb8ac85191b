"""The ``satseg`` command. Heavy packages are imported by the commands that use them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from satseg import __version__
from satseg.allocation import use_one_heap
from satseg.errors import Cancelled, SatsegError

COMMANDS = (
    "scenes",
    "bin",
    "fetch",
    "models",
    "ensemble",
    "predict",
    "predictions",
    "uncertainty",
    "area",
    "change",
    "accuracy",
    "export",
    "sample",
    "train",
    "ablate",
    "evaluate",
    "quantise",
    "locate",
    "masks",
    "workflow",
)
"""Modules of this package, each with ``register(app)``, in the order of the help."""

INTRODUCTION = """Map farmland in very-high-resolution satellite imagery and measure its area.

The way from an image to an area:

  satseg scenes add IMAGE.tif --date 2015-06-06

  satseg predict

  satseg area

Without an image of your own, start with: satseg sample
"""


def build_app() -> typer.Typer:
    """Return the command with all of its subcommands."""
    app = typer.Typer(
        name="satseg",
        help=INTRODUCTION,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    app.callback()(_options)
    for name in COMMANDS:
        if find_spec(f"{__name__}.{name}") is not None:
            import_module(f"{__name__}.{name}").register(app)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; an error that the user can mend is told in red and exits with 1."""
    use_one_heap()
    try:
        build_app()(args=None if arguments is None else list(arguments), prog_name="satseg")
    except SatsegError as error:
        _tell(error)
        sys.exit(1)
    except (Cancelled, KeyboardInterrupt):
        sys.stderr.write("Stopped. What was finished is kept.\n")
        sys.exit(130)


def _options(
    catalog: Annotated[
        Path | None,
        typer.Option(
            envvar="SATSEG_CATALOG",
            help="Folder of the catalog.",
            show_default="./catalog",
        ),
    ] = None,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    if version:
        typer.echo(f"satseg {__version__}")
        raise typer.Exit
    if catalog is not None:
        os.environ["SATSEG_CATALOG"] = str(catalog)


def _tell(error: SatsegError) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, soft_wrap=True)
    lines = (("Expected", error.expected), ("Found", error.found), ("To do", error.fix))
    for label, text in lines:
        console.print(Text(f"{label + ':':<10}{text}", style="red"))
