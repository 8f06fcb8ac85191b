"""Several models' probabilities as one: mean, median, vote, maximum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from satseg.errors import ModelError

Method = Literal["mean", "median", "vote", "maximum"]
METHODS: tuple[Method, ...] = get_args(Method)
WEIGHTED: tuple[Method, ...] = ("mean", "vote")
"""Methods in which members may count differently."""

USUAL_CUT = 0.5
"""Probability from which a member votes for farmland unless its card says otherwise."""

_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Pooling:
    """How the probabilities of members become one probability.

    ``mean`` is the weighted mean (linear opinion pool); ``median`` the middle one; ``vote`` the
    weighted share of members whose probability reaches their own cut; ``maximum`` the largest one.

    A vote is a share: with the threshold 0.5 a pixel is farmland where at least half of the weight
    says so, a tie of two members included.

    Attributes:
        method: see above.
        shares: weight of each member; they sum to 1.
        cuts: probability from which each member votes for farmland; used by ``vote`` alone.
        temperature: divisor of the pooled mean's logit; 1 leaves it as it is.

    Source: Stone (1961), The Opinion Pool; temperature after pooling: Rahaman and Thiery (2021),
    Uncertainty Quantification and Deep Ensembles, section 4.
    """

    method: Method
    shares: tuple[float, ...]
    cuts: tuple[float, ...]
    temperature: float = 1.0

    def __post_init__(self) -> None:
        total = sum(self.shares)
        fine = [
            self.method in METHODS,
            len(self.shares) == len(self.cuts) > 0,
            all(np.isfinite(share) and share > 0 for share in self.shares),
            abs(total - 1) < 1e-6,
            all(0 < cut < 1 for cut in self.cuts),
            self.method in WEIGHTED or max(self.shares) - min(self.shares) < 1e-9,
            0 < self.temperature < np.inf and (self.method == "mean" or self.temperature == 1),
        ]
        if not all(fine):
            raise _unfit(
                f"{len(self.shares)} members, method {self.method}, weights "
                f"{', '.join(f'{share:g}' for share in self.shares) or 'none'}, cuts "
                f"{', '.join(f'{cut:g}' for cut in self.cuts) or 'none'}, temperature "
                f"{self.temperature:g}"
            )

    @classmethod
    def of(
        cls,
        count: int,
        *,
        method: Method = "mean",
        weights: Sequence[float] | None = None,
        cuts: Sequence[float] | None = None,
        temperature: float = 1.0,
    ) -> Pooling:
        """Return the pooling of ``count`` members; equal weights and cuts of 0.5 without others.

        Raises:
            ModelError: no member, an unknown method, or numbers that do not fit.
        """
        numbers = np.array([1.0] * count if weights is None else list(weights), dtype=np.float64)
        if len(numbers) != count or not np.isfinite(numbers).all() or not (numbers > 0).all():
            raise _unfit(f"{count} members, weights {weights}, method {method}")
        shares = tuple(float(number) for number in numbers / numbers.sum()) if count else ()
        return cls(method, shares, tuple(cuts or (USUAL_CUT,) * count), temperature)

    def pooled(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability (h, w) of the members' probabilities (members, h, w), float32."""
        return self._exact(values).astype(np.float32)

    def _exact(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        if self.method == "median":
            middle: NDArray[np.float64] = np.median(values, axis=0).astype(np.float64)
            return middle
        if self.method == "maximum":
            largest: NDArray[np.float32] = values.max(axis=0)
            return largest.astype(np.float64)
        if self.method == "vote":
            cuts = np.asarray(self.cuts, dtype=np.float32)[:, None, None]
            return mean(values >= cuts, self.shares)
        return tempered(mean(values, self.shares), self.temperature)


def mean(values: NDArray[np.generic], shares: Sequence[float]) -> NDArray[np.float64]:
    """Return the weighted mean (h, w), float64, of (members, h, w); ``shares`` sum to 1."""
    return np.asarray(np.tensordot(np.asarray(shares), values, axes=1), dtype=np.float64)


def tempered(probability: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Return probabilities whose logits are divided by ``temperature``, of the same shape.

    >>> import numpy as np
    >>> round(float(tempered(np.array(0.9), 2.0)), 3)
    0.75
    """
    if temperature == 1:
        return probability
    inside = np.clip(probability, _EDGE, 1 - _EDGE)
    logit = np.log(inside / (1 - inside)) / temperature
    return np.asarray(1 / (1 + np.exp(-logit)))


def _unfit(found: str) -> ModelError:
    return ModelError(
        expected="one or more members; one weight above 0 each for mean and vote, cuts between 0 "
        "and 1, a temperature above 0 for the mean alone",
        found=found,
        fix="Give a weight to each member, or none at all",
    )
