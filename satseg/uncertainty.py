"""How sure a map is, pixel by pixel: spread of the members, entropy, and what they do not share.

All are of the members' probabilities and their weights, whatever the method that made the map, and
before its temperature; so 0 <= mutual information <= entropy <= 1 bit holds always.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from satseg.pooling import mean

Uncertainty = Literal["disagreement", "entropy", "information"]
UNCERTAINTIES: tuple[Uncertainty, ...] = get_args(Uncertainty)

LARGEST: dict[Uncertainty, float] = {"disagreement": 0.5, "entropy": 1.0, "information": 1.0}
"""What code 254 stands for. The standard deviation of numbers from 0 to 1 is 0.5 at most.

Source: Popoviciu (1935), inequality on variances.
"""

UNITS: dict[Uncertainty, str] = {
    "disagreement": "probability",
    "entropy": "bit",
    "information": "bit",
}


def uncertainty(
    values: NDArray[np.float32], shares: Sequence[float], kind: Uncertainty
) -> NDArray[np.float32]:
    """Return one kind of uncertainty, float32 (h, w), of probabilities (members, h, w).

    ``disagreement`` is the weighted standard deviation of the members' probabilities, 0 to 0.5;
    ``entropy`` the binary entropy of their weighted mean, in bits; ``information`` the mutual
    information between label and member, in bits: entropy of the mean less mean of the entropies.
    """
    measure = {"disagreement": disagreement, "entropy": entropy, "information": information}[kind]
    return measure(values, shares).astype(np.float32)


def disagreement(values: NDArray[np.float32], shares: Sequence[float]) -> NDArray[np.float64]:
    """Return the weighted standard deviation (h, w) of (members, h, w), 0 to 0.5.

    The standard deviation and not the range: it uses every member and keeps their weights.

    Source: Lakshminarayanan, Pritzel and Blundell (2017), Simple and Scalable Predictive
    Uncertainty Estimation using Deep Ensembles, section 2.4 (spread of the members).
    """
    exact = values.astype(np.float64)
    off = exact - mean(exact, shares)
    spread: NDArray[np.float64] = np.sqrt(mean(off * off, shares))
    return spread


def entropy(values: NDArray[np.float32], shares: Sequence[float]) -> NDArray[np.float64]:
    """Return the entropy (h, w) in bits of the weighted mean of (members, h, w), 0 to 1.

    Source: Shannon (1948); as predictive uncertainty Depeweg et al. (2018), Decomposition of
    Uncertainty in Bayesian Deep Learning, eq. 5.
    """
    return binary_entropy(mean(values.astype(np.float64), shares))


def information(values: NDArray[np.float32], shares: Sequence[float]) -> NDArray[np.float64]:
    """Return H(mean) - mean(H), the mutual information (h, w) in bits of (members, h, w).

    It is 0 where all members say the same, however unsure each one is.

    Source: Depeweg et al. (2018), eq. 5: total less aleatoric uncertainty.
    """
    total = entropy(values, shares)
    own = mean(binary_entropy(values.astype(np.float64)), shares)
    # Jensen's inequality makes it >= 0; rounding may not.
    bounded: NDArray[np.float64] = np.clip(total - own, 0.0, total)
    return bounded


def binary_entropy(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return -p log2 p - (1 - p) log2 (1 - p), of the same shape; 0 at 0 and at 1.

    >>> import numpy as np
    >>> binary_entropy(np.array([0.0, 0.5, 1.0])).tolist()
    [0.0, 1.0, 0.0]
    """
    either = [np.where(part > 0, part, 1.0) for part in (probability, 1 - probability)]
    found = -sum(part * np.log2(part) for part in either)
    bounded: NDArray[np.float64] = np.clip(np.asarray(found), 0.0, 1.0)
    return bounded
