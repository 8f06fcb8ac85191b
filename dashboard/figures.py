"""Areas as people read them: units, rounding, signs."""

from __future__ import annotations

from satseg.export.quantities import M2_PER_UNIT, area_text, in_unit, percent_text

__all__ = ["M2_PER_UNIT", "area_text", "in_unit", "percent_text"]
