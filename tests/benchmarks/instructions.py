"""What the networks' arithmetic runs on: the instruction sets of the processor, or fewer of them.

    python -m tests.benchmarks.instructions

prints the kernels that farmnet's int8 network gets here. A server has instructions that most
laptops lack, and with them a network takes a third of the time, while what is beside it takes as
long: ``make bench ISA=AVX2`` measures as if it had no more than they. (What OpenVINO interpolates
keeps AVX-512, a hundredth of the time.)
"""

from __future__ import annotations

import re
import sys
from collections import Counter

NO_AVX512 = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
}
"""Variables by which PyTorch and numpy do without AVX-512."""

LIMITS = {
    "AVX2": {"ONEDNN_MAX_CPU_ISA": "AVX2", **NO_AVX512},
    "AVX2_VNNI": {"ONEDNN_MAX_CPU_ISA": "AVX2_VNNI", **NO_AVX512},
}
"""Environment by instruction set: that of processors since 2013 (Intel) and 2017 (AMD), and that of
laptops by Intel since 2021. Source of the names: oneDNN's documentation of run-time controls.
"""


def kernels() -> Counter[str]:
    """Return how many convolutions of farmnet's int8 network run by which kernel."""
    import openvino

    from satseg.zoo import find_card
    from satseg.zoo.load import verified_int8

    model = openvino.Core().read_model(verified_int8(find_card("farmnet")))
    model.reshape([1, model.input(0).get_partial_shape()[1].get_length(), 256, 256])
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found: Counter[str] = Counter()
    for node in compiled.get_runtime_model().get_ordered_ops():
        info = node.get_rt_info()
        if "layerType" in info and "Convolution" in info["layerType"].astype(str):
            name = re.match(r"[a-z]+_[a-z0-9]+", info["primitiveType"].astype(str))
            found[name[0] if name else "unknown"] += 1
    return found


def main() -> int:
    named = ", ".join(f"{name} ({count})" for name, count in kernels().most_common())
    print(f"Kernels of farmnet's int8 convolutions: {named}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
