"""Estimates for a part of the sampled region: a district, a village, a drawn polygon."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from satseg.accuracy import Estimate, estimate_domain
from satseg.errors import RegionError
from satseg.sampling.points import CLASSES, Interpreter, Sample, labelled_sample


def farmland_within(
    sample: Sample, domain: BaseGeometry, interpreter: Interpreter = "first"
) -> Estimate:
    """Return the adjusted farmland area in m² inside of a polygon in WGS 84.

    It counts the part of the polygon that the sample covers. The polygon's own area is not used,
    as part of it may lie outside of the sampled region or have no data.

    Raises:
        AccuracyError: fewer than two labelled points lie inside, or too few in a stratum.
    """
    labelled = labelled_sample(sample, interpreter)
    sure = sample.sure(interpreter)
    inside = shapely.contains_xy(domain, [p.lon for p in sure], [p.lat for p in sure])
    found = estimate_domain(labelled, np.asarray(inside, dtype=np.bool_))
    return found.area_m2[CLASSES.index("farmland")]


def read_domain(path: Path) -> BaseGeometry:
    """Return all polygons of a vector file as one shape in WGS 84.

    Raises:
        RegionError: the file cannot be read, has no CRS or holds no polygon.
    """
    import geopandas as gpd

    try:
        frame = gpd.read_file(path)
    except Exception as error:  # whatever a driver raises
        raise RegionError(
            expected=f"a vector file with polygons at {path}",
            found=f"{type(error).__name__}: {error}",
            fix="Give a GeoPackage, GeoJSON or Shapefile",
        ) from error
    if not isinstance(frame, gpd.GeoDataFrame) or frame.crs is None:
        raise RegionError(
            expected=f"shapes with a coordinate reference system in {path.name}",
            found="none",
            fix="Save the file with its CRS",
        )
    shapes = frame.to_crs("EPSG:4326").geometry.dropna().make_valid()
    parts = shapely.get_parts(shapely.get_parts(shapes.to_numpy()))
    polygons = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    if not polygons.size:
        raise RegionError(
            expected=f"polygons in {path.name}",
            found=", ".join(sorted(set(shapes.geom_type))) or "nothing",
            fix="Draw the part as an area",
        )
    return shapely.union_all(polygons)
