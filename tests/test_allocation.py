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


AGAIN = """
import resource
from satseg.allocation import keep_freed_memory
assert keep_freed_memory()
bytes(2**26)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    bytes(2**26)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_freed_memory_is_used_again_without_new_pages():
    found = subprocess.run(
        [sys.executable, "-c", AGAIN], capture_output=True, text=True, check=True
    )
    assert int(found.stdout) < 2**26 // 4096  # pages of one of the four


RETURNED = """
import psutil
from satseg.allocation import return_freed_memory, use_one_heap
assert use_one_heap()
pieces = [bytes(100_000) for _ in range(2000)]
last = bytes(1000)
del pieces[:-1]
before = psutil.Process().memory_info().rss
assert return_freed_memory()
print(before - psutil.Process().memory_info().rss)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_freed_memory_goes_back_to_the_system():
    found = subprocess.run(
        [sys.executable, "-c", RETURNED], capture_output=True, text=True, check=True
    )
    assert int(found.stdout) > 100e6


def test_only_cores_that_this_process_may_use_count(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 5}, raising=False)
    assert usable_cores() == 2
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == 1
