"""What was understood of a delivery, in words for a person."""

from __future__ import annotations

from satseg.deliveries.folder import Part
from satseg.deliveries.image import REFLECTANCE_SCALE
from satseg.deliveries.plan import Plan


def described(plan: Plan) -> list[tuple[str, str]]:
    """Return (label, text) of each thing that was understood, in the order to show it."""
    metadata = plan.delivery.image.metadata
    view = metadata.view
    kind = f"{metadata.product_type} {metadata.level}".strip()
    simulated = ", simulated" if plan.simulated else ""
    found = [
        ("Product", f"{metadata.product_id}: {metadata.platform}, {kind}{simulated}"),
        ("Parts", "; ".join(_part(part) for part in plan.delivery.parts)),
        ("Bands", ", ".join(plan.bands)),
        ("Acquired", f"{metadata.acquired:%Y-%m-%d %H:%M:%S} UTC{_scan(metadata.scan_direction)}"),
        ("CRS", f"{_crs(plan)}, {plan.image.gsd_m:.2f} m in the delivery"),
        (
            "Sun",
            f"elevation {_degrees(view.sun_elevation_deg)},"
            f" azimuth {_degrees(view.sun_azimuth_deg)}",
        ),
        ("View", f"off nadir {_degrees(view.off_nadir_deg)}, azimuth {_degrees(view.azimuth_deg)}"),
        ("Cloud", "not told" if metadata.cloud_cover is None else f"{metadata.cloud_cover:.1%}"),
        ("Calibration", _calibration(plan)),
        ("Image", _image(plan)),
    ]
    return found + [("Warning", text) for text in plan.warnings]


def _part(part: Part) -> str:
    tiles = f"{len(part.tiles)} tile{'s' if len(part.tiles) != 1 else ''}"
    rows, columns = part.metadata.rows, part.metadata.columns
    return f"{part.kind}, {tiles}, {rows} x {columns} pixels"


def _crs(plan: Plan) -> str:
    grid = plan.image.checked.mosaic.grid
    if grid is None:
        return f"raw geometry, to be orthorectified to {plan.grid.crs}"
    if plan.image.rpc is not None:
        return f"{grid.crs}, to be orthorectified to {plan.grid.crs}"
    return grid.crs if len(grid.crs) < 40 else grid.crs.split('"')[1]


def _degrees(value: float | None) -> str:
    return "not told" if value is None else f"{value:.1f}°"


def _scan(direction: str) -> str:
    return f", scanned {direction.lower()}" if direction else ""


def _calibration(plan: Plan) -> str:
    if plan.reason:
        return f"none: {plan.reason}"
    return f"table {plan.table.name}; absCalFactor and bandwidth of {len(plan.bands)} bands"


def _image(plan: Plan) -> str:
    gsd = sum(plan.grid.gsd_m()) / 2
    size = f"{plan.grid.height} x {plan.grid.width} pixels of {gsd:.2f} m"
    sharpened = "" if plan.pan is None else f", sharpened by {plan.choices.method}"
    if plan.is_linked:
        return f"digital numbers where they lie, {size}"
    if plan.unit == "digital numbers":
        return f"digital numbers, uint16, nodata 0, {size}{sharpened}"
    return f"reflectance x {round(1 / REFLECTANCE_SCALE)}, uint16, nodata 0, {size}{sharpened}"
