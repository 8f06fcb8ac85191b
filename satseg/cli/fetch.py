"""``satseg fetch``: imagery from the network, registered when it is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    import httpx
    from rich.console import Console

    from satseg.catalog import Catalog
    from satseg.fetch.chip_sources import Offer
    from satseg.fetch.shanghai import SceneFetched
    from satseg.fetch.stac_assets import Candidate
    from satseg.fetch.stac_search import Query
    from satseg.fetch.stages import Stages
    from satseg.fetch.transfer import Policy

fetch = typer.Typer(
    name="fetch",
    help="""Download imagery, check it and add it to the catalog.

Downloads that are stopped with Ctrl+C go on where they ended when the same command runs again.
Nothing enters the catalog before it is whole and checked.

Example: satseg fetch spacenet-shanghai --chips 50
""",
    no_args_is_help=True,
)

_SHOWN_FAULTS = 20
_TO = "Folder for what is downloaded. Default: downloads in the catalog's folder."


def register(app: typer.Typer) -> None:
    """Add the commands to ``app``."""
    app.add_typer(fetch)


@fetch.command("spacenet-shanghai")
def spacenet_shanghai(  # noqa: PLR0913, PLR0917 -- typer passes them by name
    chips: Annotated[
        int | None,
        typer.Option(
            help="Only so many chips: those nearest to the middle of --bbox, without it those that"
            " lie closest together."
        ),
    ] = None,
    products: Annotated[
        str,
        typer.Option(
            help="With commas: ps-ms (all 8 bands, 6.8 MB a chip), ps-rgb (red, green, blue, 2.5 MB"
            " a chip). Each becomes a scene of its own."
        ),
    ] = "ps-ms",
    bbox: Annotated[
        str | None,
        typer.Option(help="Only chips that touch this box: WEST,SOUTH,EAST,NORTH in degrees."),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Folder or archive (.tar.gz, .zip) that was downloaded before; nothing is asked of"
            " the network then.",
        ),
    ] = None,
    archive: Annotated[
        bool,
        typer.Option("--archive", help="Fetch the whole archive even for some of its chips."),
    ] = False,
    region: Annotated[
        str | None,
        typer.Option(help="Region whose series the scene joins. Default: by its place."),
    ] = None,
    to: Annotated[Path | None, typer.Option(help=_TO)] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be downloaded.")
    ] = False,
    endpoint: Annotated[
        str | None, typer.Option(hidden=True, envvar="SATSEG_SPACENET_ENDPOINT")
    ] = None,
) -> None:
    """Fetch WorldView-3 imagery of Shanghai (SpaceNet 2, AOI 4, 6 June 2015, CC BY-SA 4.0).

    The imagery comes as 4,582 chips of 650 x 650 pixels of 0.3 m from the public bucket
    spacenet-dataset; no account is needed. With --chips or --bbox single chips are downloaded (the
    first time after a look at where each chip lies, 75 MB). Without both the whole archive is (23.4
    GB), and unpacked. Faulty chips are left out and listed; the others are joined into one image,
    unchanged pixel by pixel, with the holes between them as nodata.

    SATSEG_SPACENET_ENDPOINT names another service that holds the bucket, for example a mirror.

    Example: satseg fetch spacenet-shanghai --chips 50
    """
    from rich.console import Console

    from satseg.catalog import Catalog
    from satseg.fetch.chip_sources import Selection
    from satseg.fetch.places import Box
    from satseg.fetch.shanghai import Site, add_chips, find_chips, working_in
    from satseg.fetch.spacenet import ENDPOINT
    from satseg.fetch.spacenet import products as named

    catalog = Catalog.open()
    wanted = named(products)
    selection = Selection(chips, None if bbox is None else Box.parse(bbox))
    folder = (to or catalog.root / "downloads").absolute() / "spacenet-shanghai"
    site = Site(folder, endpoint or ENDPOINT, source, archive)
    if region is not None:
        catalog.region(region)
    console, stages = Console(soft_wrap=True), _stages()
    with _stopped_by_hand(), working_in(folder):
        for product in wanted:
            with find_chips(product, selection, site, stages) as found:
                _show_offer(found.offer, product.key, folder)
                if not dry_run:
                    done = add_chips(catalog, found, product, site, region_id=region, stages=stages)
                    _report(console, done)
    if dry_run:
        console.print("Nothing was downloaded. Leave out --dry-run to do it.")


@fetch.command("stac")
def stac(  # noqa: PLR0913, PLR0917 -- typer passes them by name
    url: Annotated[
        str,
        typer.Argument(
            help="Address of a STAC API, or address or path of a static catalog, a collection or an"
            " item.",
            metavar="URL",
        ),
    ],
    collection: Annotated[
        list[str] | None, typer.Option(help="Only items of this collection; may stand twice.")
    ] = None,
    bbox: Annotated[
        str | None, typer.Option(help="Only items that touch WEST,SOUTH,EAST,NORTH, in degrees.")
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(help="Only items that touch this region, whose series the scenes join."),
    ] = None,
    since: Annotated[str | None, typer.Option(help="First day, YYYY-MM-DD.")] = None,
    until: Annotated[str | None, typer.Option(help="Last day, YYYY-MM-DD.")] = None,
    cloud: Annotated[
        float | None,
        typer.Option(
            help="Largest cloud cover in percent; items that do not tell theirs are left out."
        ),
    ] = None,
    asset: Annotated[
        str | None,
        typer.Option(help="Key of the asset. Default: the GeoTIFF with most named bands."),
    ] = None,
    bands: Annotated[
        str | None,
        typer.Option(help="Names of the bands in the order of the files, where nothing tells."),
    ] = None,
    limit: Annotated[int, typer.Option(help="Items at most.")] = 20,
    to: Annotated[Path | None, typer.Option(help=_TO)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what matches.")] = False,
) -> None:
    """Add images of any STAC catalog or API: GeoTIFFs that http or https gives without an account.

    The items that match are listed first; then the chosen asset of each is downloaded, opened,
    its bands are named, and it is registered with its licence. What the catalog has is skipped. An
    item that fails is told at the end; the others are added all the same.

    Example: satseg fetch stac https://stac.example.org --region chongming --cloud 10 --dry-run
    """
    from rich.console import Console
    from shapely.geometry import box

    from satseg.catalog import Catalog
    from satseg.dates import parse_date
    from satseg.fetch.places import Box
    from satseg.fetch.shanghai import working_in
    from satseg.fetch.stac_search import Query
    from satseg.fetch.transfer import Policy, new_client

    catalog = Catalog.open()
    place = None if region is None else catalog.region(region).geometry
    if bbox is not None:
        outline = box(*Box.parse(bbox).bounds)
        place = outline if place is None else place.intersection(outline)
    query = Query(
        tuple(collection or ()),
        place,
        None if since is None else parse_date(since),
        None if until is None else parse_date(until),
        cloud,
        limit,
    )
    folder = (to or catalog.root / "downloads").absolute() / "stac"
    console, policy = Console(soft_wrap=True), Policy()
    with _stopped_by_hand(), working_in(folder), new_client(policy) as client:
        way = _Way(folder, client, policy, region, None if bands is None else bands.split(","))
        wanted = _list_items(catalog, url, query, asset, way)
        if dry_run or not wanted:
            console.print(
                "Nothing was downloaded. Leave out --dry-run to do it."
                if wanted
                else "There is nothing to add."
            )
            return
        _add_items(catalog, wanted, way, console)


@dataclass(frozen=True, slots=True)
class _Way:
    """How items come into the catalog."""

    folder: Path
    client: httpx.Client
    policy: Policy
    region: str | None
    bands: list[str] | None


def _list_items(
    catalog: Catalog, url: str, query: Query, asset: str | None, way: _Way
) -> list[Candidate]:
    """Show the items that match and return those that the catalog lacks."""
    from satseg.cli.terminal import in_bytes, show, table
    from satseg.errors import FetchError
    from satseg.fetch.stac import in_catalog, with_size
    from satseg.fetch.stac_assets import candidate
    from satseg.fetch.stac_reading import Documents
    from satseg.fetch.stac_search import find_items

    stages = _stages()
    documents = Documents(url, policy=way.policy, client=way.client)
    with stages.begin("Looking for items", "steps") as progress:
        items = find_items(documents, query, progress)
    found: list[Candidate] = []
    columns = ("Date", "Cloud", "GSD", "Bands", "Size")
    listing = table(("Item", "Asset", "State"), columns)
    for item in items:
        try:
            each = candidate(item, asset)
        except FetchError as error:
            unknown = ("-",) * len(columns)
            listing.add_row(_plain(item.id), _plain(error.found), "no asset to fetch", *unknown)
            continue
        is_known = in_catalog(catalog, each)
        each = each if is_known else with_size(each, way.client)
        found += [] if is_known else [each]
        listing.add_row(
            _plain(each.item_id),
            _plain(each.asset),
            "in the catalog" if is_known else "new",
            str(each.date or "-"),
            "-" if each.cloud is None else f"{each.cloud:.0f} %",
            "-" if each.gsd_m is None else f"{each.gsd_m:.2f} m",
            str(each.band_count or "-"),
            in_bytes(each.size),
        )
    if items:
        show(listing)
    return found


def _add_items(catalog: Catalog, wanted: list[Candidate], way: _Way, console: Console) -> None:
    from satseg.errors import FetchError, SatsegError
    from satseg.fetch.stac import add_candidate

    failed: dict[str, SatsegError] = {}
    for each in wanted:
        try:
            record = add_candidate(
                catalog,
                each,
                way.folder,
                client=way.client,
                policy=way.policy,
                region_id=way.region,
                bands=way.bands,
                stages=_stages(),
            )
        except SatsegError as error:
            failed[each.item_id] = error
            continue
        console.print(
            f"Added scene [bold]{record.id}[/] of {record.date} to region"
            f" [bold]{record.region_id}[/]: {len(record.bands)} bands, {record.gsd_m:.2f} m."
        )
    for item_id, reason in failed.items():
        console.print(f"[red]Failed: {_plain(f'{item_id}: {reason}')}[/]", highlight=False)
    if failed:
        raise FetchError(
            expected=f"{len(wanted)} new scene{'' if len(wanted) == 1 else 's'}",
            found=f"{len(failed)} of them failed, as told above",
            fix="Mend what is told there and run the same command again; the others are kept",
        )
    console.print("Next: satseg predict")


@contextmanager
def _stopped_by_hand() -> Iterator[None]:
    """Say after Ctrl+C what became of the download, which a person wants to know then."""
    try:
        yield
    except KeyboardInterrupt as pressed:
        typer.echo(
            "\nStopped; what was not whole is not in the catalog. Run the same command again: it"
            " goes on where it ended.",
            err=True,
        )
        raise typer.Exit(130) from pressed


def _plain(text: str) -> str:
    """Return a text of a stranger without markup and control characters for the terminal."""
    from rich.markup import escape

    return escape("".join(sign if sign.isprintable() else "?" for sign in text))


def _stages() -> Stages:
    from satseg.cli.terminal import bar, byte_bar
    from satseg.fetch.stages import Stages

    def begin(
        description: str, unit: Literal["bytes", "steps"]
    ) -> AbstractContextManager[Callable[[int, int], None]]:
        return (byte_bar if unit == "bytes" else bar)(description)

    return Stages(begin=begin)


def _show_offer(offer: Offer, product: str, folder: Path) -> None:
    import shutil

    from satseg.cli.terminal import in_bytes, show, table

    columns = ("Chips", "On disk", "To download", "Free")
    preview = table(("Product", "From"), columns)
    preview.add_row(
        product,
        offer.origin,
        "all" if offer.chips is None else f"{offer.chips:,}",
        in_bytes(offer.there),
        in_bytes(offer.to_download),
        in_bytes(shutil.disk_usage(folder).free),
    )
    show(preview)
    if offer.unplaced:
        typer.echo(f"{offer.unplaced} chips are left out: their files do not tell where they lie.")


def _report(console: Console, done: SceneFetched) -> None:
    if done.was_there:
        console.print(f"Scene [bold]{done.scene_id}[/] is in the catalog already: {done.image}")
        return
    console.print(
        f"Added scene [bold]{done.scene_id}[/] of 2015-06-06: {_chips(done.chips)},"
        f" {done.covered:.0%} of the image below chips, in {done.image}"
    )
    if done.moved:
        console.print(
            f"Off the common grid lay {_chips(done.moved)}, moved to the nearest pixel, by"
            f" {done.largest_move_px:.2f} pixels at most."
        )
    if done.faults:
        console.print(f"Left out as faulty: {_chips(len(done.faults))}")
        for fault in done.faults[:_SHOWN_FAULTS]:
            console.print(f"  {fault.name}: {fault.reason}", highlight=False, markup=False)
        if len(done.faults) > _SHOWN_FAULTS:
            console.print(f"  and {len(done.faults) - _SHOWN_FAULTS} more")
    console.print("Next: satseg predict")


def _chips(count: int) -> str:
    return f"{count:,} chip{'' if count == 1 else 's'}"
