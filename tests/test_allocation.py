import os
import platform
import subprocess
import sys

import pytest

from satseg.allocation import usable_cores

CODE = """
import ctypes, threading
from satseg.allocation import use_one_heap
assert use_one_heap()
info = ctypes.CDLL(None).malloc_info
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
keep = []
def allocate():
    keep.append([bytes(700) for _ in range(2000)])
threads = [threading.Thread(target=allocate) for _ in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
out = libc.fdopen(1, b"w")
libc.malloc_info(0, ctypes.c_void_p(out)); libc.fflush(ctypes.c_void_p(out))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
def test_threads_share_one_heap():
    found = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert found.stdout.count("<heap nr=") == 1


def test_only_cores_that_this_process_may_use_count(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 5}, raising=False)
    assert usable_cores() == 2
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 1
