"""Numbers and times of scenes and jobs as people write them."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Sequence

from dashboard.cardtexts import listing
from dashboard.words import Words

SHORT = {
    "coastal": "C",
    "blue": "B",
    "green": "G",
    "yellow": "Y",
    "red": "R",
    "red_edge": "RE",
    "nir1": "N1",
    "nir2": "N2",
}


def in_bytes(size: int) -> str:
    """Return a size with three figures: 950 B, 1.25 MB, 23.3 GB."""
    number = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if number < 999.5:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} TB"


def bands_text(bands: Sequence[str], say: Words) -> str:
    """Return how many bands there are, with their initials; their names where it is pointed at."""
    initials = " ".join(SHORT[name] for name in bands)
    names = html.escape(listing(bands))
    count = html.escape(say("bands_n", n=len(bands)))
    return f'<span title="{names}">{count} <i>{initials}</i></span>'


def duration(seconds: float, say: Words) -> str:
    """Return a length of time in its largest fitting unit."""
    if seconds < 90:
        return say("seconds", n=max(1, round(seconds)))
    if seconds < 5400:
        return say("minutes", n=round(seconds / 60))
    return say("hours", n=f"{seconds / 3600:.1f}")


def clock(when: float) -> str:
    """Return a time of this server's clock; with the date where it is not today."""
    moment = dt.datetime.fromtimestamp(when).astimezone()
    today = moment.date() == dt.date.today()
    return f"{moment:%H:%M:%S}" if today else f"{moment:%Y-%m-%d %H:%M}"
