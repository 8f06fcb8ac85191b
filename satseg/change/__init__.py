"""Change between dates: maps, transitions, trends and the fit of one scene on another."""

from satseg.change.joint import JointHistogram, joint_histogram
from satseg.change.legend import CHANGE_CLASSES, TREND_CLASSES, ChangeClass
from satseg.change.maps import ChangeSummary, write_change
from satseg.change.registration import check_registration
from satseg.change.shift import Registration, Shift
from satseg.change.transitions import Transitions, biggest_patches, transitions
from satseg.change.trend import TrendSummary, trend_codes, write_trend

__all__ = [
    "CHANGE_CLASSES",
    "TREND_CLASSES",
    "ChangeClass",
    "ChangeSummary",
    "JointHistogram",
    "Registration",
    "Shift",
    "Transitions",
    "TrendSummary",
    "biggest_patches",
    "check_registration",
    "joint_histogram",
    "transitions",
    "trend_codes",
    "write_change",
    "write_trend",
]
