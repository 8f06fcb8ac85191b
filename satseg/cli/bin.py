"""``satseg bin``: what was removed, back again or gone for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from satseg.catalog_bin import Removal

HELP = """What was removed in the last two weeks: list it, bring it back, or delete it for good.

Example: satseg bin list
"""


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    group = typer.Typer(help=HELP, no_args_is_help=True)
    group.command("list")(show)
    group.command("restore")(restore)
    group.command("empty")(empty)
    app.add_typer(group, name="bin")


def show() -> None:
    """List what can be brought back, newest first.

    Example: satseg bin list
    """
    from satseg.catalog import Catalog
    from satseg.catalog_removal import bin_of
    from satseg.cli import terminal

    found = bin_of(Catalog.open(create=False)).removals()
    if not found:
        typer.echo("The bin is empty.")
        return
    table = terminal.table(("Id", "Kind", "Name", "Removed"), ("Size", "Days left"))
    for one in found:
        when = f"{one.removed.astimezone():%Y-%m-%d %H:%M}"
        size = f"{one.size_bytes / 1e6:,.1f} MB"
        table.add_row(one.id, one.kind, one.name, when, size, f"{one.days_left:.0f}")
    terminal.show(table)


def restore(
    removal: Annotated[str, typer.Argument(help="Id, as in 'satseg bin list'.", metavar="ID")],
) -> None:
    """Bring something back with all that went with it, byte for byte.

    Example: satseg bin restore 01764300000000000000-1a2b3c
    """
    from satseg.catalog import Catalog
    from satseg.catalog_removal import restore as bring_back

    found = bring_back(Catalog.open(create=False), removal)
    typer.echo(f"The {found.kind} {found.name} is back{_with(found)}.")


def empty(
    removal: Annotated[
        str | None, typer.Argument(help="Id of the only one to delete. Default: all.", metavar="ID")
    ] = None,
) -> None:
    """Delete what is in the bin for good, which frees its room on the disk.

    Example: satseg bin empty
    """
    from satseg.catalog import Catalog
    from satseg.catalog_removal import bin_of

    count = bin_of(Catalog.open(create=False)).empty(removal)
    typer.echo(f"Deleted for good: {count}.")


def tell_removed(removal: Removal) -> None:
    """Say what was removed and how to take that back."""
    typer.echo(
        f"Removed the {removal.kind} {removal.name}{_with(removal)}. For"
        f" {removal.days_left:.0f} days this brings it back: satseg bin restore {removal.id}"
    )


def _with(removal: Removal) -> str:
    parts = [f"{count} {name}" for name, count in removal.counts.items() if count]
    return f" with {', '.join(parts)}" if parts else ""
