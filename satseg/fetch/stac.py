"""Scenes out of STAC items: downloaded, opened, named, registered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import httpx

from satseg.catalog import Catalog
from satseg.catalog_records import SceneRecord
from satseg.errors import DateError, FetchError, SceneError
from satseg.fetch.download import Wanted, download
from satseg.fetch.stac_assets import Candidate
from satseg.fetch.stages import Stages
from satseg.fetch.transfer import Brief, Policy, requested
from satseg.scene import open_scene


def in_catalog(catalog: Catalog, wanted: Candidate) -> bool:
    """Return whether the candidate is a scene of the catalog already."""
    return any(scene.id == wanted.scene_id for scene in catalog.scenes())


def with_size(wanted: Candidate, client: httpx.Client) -> Candidate:
    """Return the candidate with its size in bytes, asked of the server where the item is silent.

    A server that does not answer leaves the size unknown; the download will say why.
    """
    if wanted.size is not None:
        return wanted
    if wanted.is_local:
        is_there = wanted.path.is_file()
        return replace(wanted, size=wanted.path.stat().st_size if is_there else None)
    try:
        with requested(client, wanted.href, {"Range": "bytes=0-0"}) as response:
            total = response.headers.get("Content-Range", "").rpartition("/")[2]
            if response.status_code == 200:
                total = response.headers.get("Content-Length", "")
    except (Brief, FetchError):
        return wanted
    return replace(wanted, size=int(total)) if total.isdecimal() else wanted


def add_candidate(
    catalog: Catalog,
    wanted: Candidate,
    folder: Path,
    *,
    client: httpx.Client,
    policy: Policy,
    region_id: str | None = None,
    bands: Sequence[str] | None = None,
    stages: Stages | None = None,
) -> SceneRecord:
    """Download the asset where it is remote, check it, register the scene and return its record.

    A file that is no readable scene is deleted; one whose bands cannot be named stays, so that it
    need not come again when their names are given.

    Args:
        catalog: gets the scene.
        wanted: the item and its asset.
        folder: for downloads.
        client: of the download.
        policy: its patience.
        region_id: region whose series the scene joins; None to choose it by place.
        bands: names in the order of the file, instead of those of the item.
        stages: who is told.

    Raises:
        SatsegError: the file cannot be had, is no usable scene, or the catalog refuses it. The
            catalog is as before then.
        Cancelled: the fetch was cancelled; what was downloaded stays.
    """
    stages = stages or Stages()
    if wanted.date is None:
        raise DateError(
            expected=f"the day of acquisition in the item {wanted.item_id!r}",
            found="none",
            fix="Download the file by other means and add it with 'satseg scenes add --date'",
        )
    path = wanted.path if wanted.is_local else folder / f"{wanted.scene_id}.tif"
    if not wanted.is_local:
        file = Wanted(wanted.href, path, size=wanted.size, checksum=wanted.checksum)
        with stages.begin(f"Downloading {wanted.item_id}", "bytes") as progress:
            download(file, policy=policy, client=client, watch=stages.watch(progress))
    named = tuple(bands) if bands is not None else wanted.bands
    try:
        open_scene(path, bands=named, date=wanted.date)
    except SceneError:
        if not wanted.is_local:
            path.unlink(missing_ok=True)
        raise
    with stages.begin(f"Adding {wanted.item_id}", "steps") as progress:
        return catalog.add_scene(
            path,
            date=wanted.date,
            region_id=region_id,
            bands=named,
            scene_id=wanted.scene_id,
            title=wanted.title,
            licence=wanted.licence,
            properties=wanted.properties,
            progress=progress,
        )
