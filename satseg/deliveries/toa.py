"""Whether a product may become reflectance at the top of the atmosphere, and how."""

from __future__ import annotations

from satseg.deliveries.folder import Part
from satseg.errors import SceneError
from satseg.radiometry import (
    BandFactors,
    CalibrationTable,
    Illumination,
    Linear,
    earth_sun_distance_au,
    to_reflectance,
)

SATELLITE = "WV03"


def refusal(part: Part) -> str:
    """Return why a product's numbers are no measure of radiance; empty where they are.

    Source: DigitalGlobe, Radiometric Use of WorldView-3 Imagery (2016): pan-sharpening, dynamic
    range adjustment and balanced mosaics may change the numbers in ways that are not linear.
    """
    metadata = part.metadata
    enhancement = metadata.enhancement.upper()
    if part.kind == "pan-sharpened":
        how = f" ({metadata.sharpened_by})" if metadata.sharpened_by else ""
        return f"the supplier pan-sharpened it{how}, which mixes the bands"
    if enhancement == "ACOMP":
        return "the supplier corrected it for the atmosphere already (ACOMP)"
    if enhancement:
        return (
            f"the supplier adjusted its dynamic range ({metadata.enhancement}), so that its numbers"
            " no longer grow in step with radiance"
        )
    if metadata.images > 1:
        return f"it is joined from {metadata.images} acquisitions with different light"
    if metadata.satellite != SATELLITE:
        return f"the calibration tables are WorldView-3's; this is {metadata.platform}"
    return ""


def illumination(part: Part) -> Illumination:
    """Return the light at the moment of the image.

    Raises:
        SceneError: the .IMD does not tell the sun's elevation, or the sun is below the horizon.
    """
    elevation = part.metadata.view.sun_elevation_deg
    if elevation is None:
        raise SceneError(
            expected="the sun's elevation as meanSunEl",
            found=f"none in {part.metadata.path.name}",
            fix="Keep the digital numbers, with --no-toa",
        )
    return Illumination(elevation, earth_sun_distance_au(part.metadata.acquired))


def factors(part: Part) -> tuple[BandFactors, ...]:
    """Return the calibration factors of a product's bands.

    Raises:
        SceneError: a band has none, or one that is not above 0.
    """
    found = []
    for band in part.metadata.bands:
        pair = (band.abs_cal_factor, band.effective_bandwidth_um)
        missing = [
            key
            for key, value in zip(("absCalFactor", "effectiveBandwidth"), pair, strict=True)
            if value is None
        ]
        if missing or pair[0] is None or pair[1] is None:
            raise SceneError(
                expected=f"absCalFactor and effectiveBandwidth of the band {band.name}",
                found=f"no {' and no '.join(missing)} in {part.metadata.path.name}",
                fix="Copy the delivery again, or keep the digital numbers with --no-toa",
            )
        found.append(BandFactors(band.name, pair[0], pair[1]))
    return tuple(found)


def conversion(part: Part, table: CalibrationTable) -> Linear:
    """Return the map from a product's digital numbers to reflectance.

    Raises:
        SceneError: its numbers are no measure of radiance, or something for it is missing.
    """
    reason = refusal(part)
    if reason:
        raise SceneError(
            expected="a product whose numbers measure radiance, for reflectance",
            found=f"{part.name}: {reason}",
            fix="Leave out --toa; the digital numbers are used then",
        )
    return to_reflectance(factors(part), illumination(part), table)


def provenance(part: Part, table: CalibrationTable) -> dict[str, object]:
    """Return everything that decided the reflectance, for the catalog and the file's tags."""
    light = illumination(part)
    return {
        "calibration": table.name,
        "source": table.source,
        "formula": "rho = (gain * DN * absCalFactor / effectiveBandwidth + offset)"
        " * d^2 * pi / (Esun * cos(90 deg - sun_elevation))",
        "sun_elevation_deg": light.elevation_deg,
        "earth_sun_distance_au": round(light.distance_au, 8),
        "earth_sun_distance_source": "U.S. Naval Observatory, Approximate Solar Coordinates",
        "bands": {
            each.band: {
                "absCalFactor": each.abs_cal_factor,
                "effectiveBandwidth_um": each.effective_bandwidth_um,
                **dict(zip(("gain", "offset", "Esun"), table.of(each.band), strict=True)),
            }
            for each in factors(part)
        },
    }
