"""Makes ``import torchvision`` work beside a CPU build of torch.

torchvision's wheel links its compiled operators against the CUDA build of torch. Beside a CPU build
they cannot be loaded, and the import fails because two operators that it registers fake kernels for
do not exist. timm and segmentation-models-pytorch need torchvision's Python part only, so it is
enough to declare the operators' schemas. Calling them still fails, as it should.
"""

from __future__ import annotations

from functools import lru_cache

_SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}


@lru_cache(maxsize=1)
def prepare_torchvision() -> tuple[str, ...]:
    """Declare the operators that torchvision's import needs; return the names it had to declare.

    Nothing is declared where torchvision imports by itself. Call it before the first import of
    timm or segmentation-models-pytorch.
    """
    import importlib
    import sys

    import torch

    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "does not exist" not in str(error):
            raise
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
    else:
        return ()
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    _LIBRARIES.append(library)
    declared = []
    for name, schema in _SCHEMAS.items():
        if not hasattr(torch.ops.torchvision, name):
            library.define(schema)  # type: ignore[no-untyped-call]
            declared.append(name)
    importlib.import_module("torchvision")
    return tuple(declared)


_LIBRARIES: list[object] = []
"""Keeps the declarations alive: a torch Library takes them back when it is collected."""
