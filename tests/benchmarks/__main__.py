"""``make bench``: all benchmarks, one after the other; with ISA=AVX2 as without AVX-512."""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from pathlib import Path

import psutil

from satseg.allocation import usable_cores
from tests.benchmarks.instructions import LIMITS

ROOT = Path(__file__).resolve().parents[2]
RUNS = (
    ("Instruction sets", "instructions"),
    ("Throughput, and all of Shanghai", "bench_throughput"),
    ("Worker processes", "bench_scaling"),
    ("What people use today", "bench_peers"),
    ("Peak memory, a model that costs nothing", "bench_memory"),
    ("Peak memory, farmnet", "bench_memory", "--model", "farmnet"),
)


def machine() -> str:
    """Return the processor, the cores that may be used and the memory."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        name = models[0] if models else name
    memory = psutil.virtual_memory().total / 2**30
    return f"{name}, {usable_cores()} cores, {memory:.0f} GiB; Python {platform.python_version()}"


def main() -> int:
    """Run every benchmark; return 1 where one missed its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--isa", choices=LIMITS, help="use no instructions beyond these")
    isa = parser.parse_args().isa
    worst = 0
    print(machine() + (f"; no instructions beyond {isa}" if isa else ""), flush=True)
    for title, module, *options in RUNS:
        print(f"\n{title}", flush=True)
        command = [sys.executable, "-m", f"tests.benchmarks.{module}", *options]
        environment = {**os.environ, **LIMITS.get(isa, {})}
        found = subprocess.run(command, check=False, cwd=ROOT, env=environment)
        worst = max(worst, found.returncode)
    return int(worst > 0)


if __name__ == "__main__":
    sys.exit(main())
