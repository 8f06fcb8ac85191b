"""Areas and accuracies with standard errors, from points drawn by chance.

The equations, what they assume and where they come from: README.md beside this file.
"""

from satseg.accuracy.agreement import Agreement, kappa
from satseg.accuracy.comparison import compare
from satseg.accuracy.domain import DomainEstimate, estimate_domain
from satseg.accuracy.estimate import Estimate
from satseg.accuracy.planning import Plan, plan
from satseg.accuracy.reliability import Calibration, ReliabilityBin, calibration
from satseg.accuracy.resampling import Bootstrapped
from satseg.accuracy.sample import LabelledSample, Stratum, check_coverage
from satseg.accuracy.stratified import Assessment, assess

__all__ = [
    "Agreement",
    "Assessment",
    "Bootstrapped",
    "Calibration",
    "DomainEstimate",
    "Estimate",
    "LabelledSample",
    "Plan",
    "ReliabilityBin",
    "Stratum",
    "assess",
    "calibration",
    "check_coverage",
    "compare",
    "estimate_domain",
    "kappa",
    "plan",
]
