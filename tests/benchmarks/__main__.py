"""``make bench``: all benchmarks, one after the other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
RUNS = (
    ("Peak memory, cheap predictor", ["bench_memory.py"]),
    ("Peak memory, farmnet", ["bench_memory.py", "--model", "farmnet"]),
)


def main() -> int:
    """Run every benchmark; return 1 where one missed its limit."""
    worst = 0
    for title, (script, *options) in RUNS:
        print(f"\n{title}", flush=True)
        found = subprocess.run([sys.executable, str(HERE / script), *options], check=False)
        worst = max(worst, found.returncode)
    return int(worst > 0)


if __name__ == "__main__":
    sys.exit(main())
