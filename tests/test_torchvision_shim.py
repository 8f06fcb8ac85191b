import subprocess
import sys

import torch

from satseg.torchvision_shim import prepare_torchvision


def _run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )


def test_torchvision_imports_after_the_shim():
    code = "from satseg.torchvision_shim import prepare_torchvision as p; print(len(p())); "
    found = _run(code + "import torchvision; print(torchvision.__version__)")
    assert found.returncode == 0, found.stderr
    declared = int(found.stdout.split()[0])
    assert declared == (0 if _run("import torchvision").returncode == 0 else 2)


def test_a_second_call_declares_nothing_anew():
    assert prepare_torchvision() == prepare_torchvision()
    assert hasattr(torch.ops.torchvision, "nms")
