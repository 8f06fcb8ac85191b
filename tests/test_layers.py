"""The order of the layers (imports point down only) and the limits of size."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

LADDER: dict[int, str] = {
    0: "errors bands dates classes identifiers allocation addresses legend remembered",
    1: "windows blending scaling grids geodesy resampling probability metrics radiometry "
    "pooling uncertainty pyramid tiff",
    2: "reading scene storage cog mosaics probability_raster class_raster zoo torchvision_shim",
    3: "engine predict runtime augmentation",
    4: "ensemble patches mask area series accuracy change",
    5: "regions catalog sampling display tiles workflow jobs recipes sample_scenes simulate "
    "training evaluation deliveries fetch osm masks qgis export interest demonstration linking "
    "intake",
    6: "cli",
}
"""Level of each module or package of satseg; a name covers its family too (catalog_items)."""

LEVEL = {name: level for level, names in LADDER.items() for name in names.split()}
RASTER_DOOR = {
    "reading",
    "scene",
    "cog",
    "storage",
    "mosaics",
    "probability_raster",
    "class_raster",
}
MODEL_DOOR = {"zoo", "torchvision_shim"}
TORCH_ONLY_IN = {"zoo", "torchvision_shim", "runtime", "training"}
PLAIN = {0: {"numpy"}, 1: {"numpy", "pyproj", "affine"}}
"""What levels 0 and 1 may import beside the standard library."""

STANDARD = set(sys.stdlib_module_names)


def unit_of(module: str) -> str:
    """Return the name on the ladder of a dotted module: satseg.catalog_items -> catalog."""
    parts = module.split(".")
    if parts[0] == "dashboard":
        return "dashboard"
    name = parts[1] if len(parts) > 1 else ""
    while name and name not in LEVEL and "_" in name:
        name = name.rpartition("_")[0]
    return name


def level_of(unit: str) -> int:
    return 7 if unit == "dashboard" else LEVEL[unit]


def imports(tree: ast.AST) -> Iterator[str]:
    """Yield the dotted names that a module imports anywhere, type checking blocks excepted."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module in {"satseg", "satseg.simulate"}:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
        else:
            yield from imports(node)


def wrong_imports(module: str, source: str) -> list[str]:
    """Return what is wrong with a module's imports, as sentences."""
    unit = unit_of(module)
    level, found = level_of(unit), []
    for name in imports(ast.parse(source)):
        top, other = name.split(".")[0], unit_of(name)
        if top in {"satseg", "dashboard"}:
            if top == "satseg" and (not other or name == "satseg.__version__"):
                continue
            if level_of(other) > level:
                found.append(f"{module} (level {level}) imports {name} (level {level_of(other)})")
            if {unit, other} & RASTER_DOOR and {unit, other} & MODEL_DOOR and level == 2:
                found.append(f"{module} opens the other door: {name}")
        elif top == "torch" and unit not in TORCH_ONLY_IN:
            found.append(f"{module} imports torch")
        elif level in PLAIN and top not in STANDARD | PLAIN[level]:
            found.append(f"{module} (level {level}) imports {top}")
    return found


def long_functions(source: str) -> list[str]:
    """Return functions whose statements after the docstring take more than 60 lines."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
            if lines > MAX_FUNCTION_LINES:
                found.append(f"{node.name}: {lines} lines")
    return found


def modules() -> list[tuple[str, Path]]:
    found = []
    for folder in ("satseg", "dashboard"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found.append((".".join(part for part in parts if part != "__init__"), path))
    return found


@pytest.mark.parametrize(("module", "path"), modules(), ids=lambda value: str(value)[-40:])
def test_imports_point_down_only(module: str, path: Path) -> None:
    if module == "satseg":
        return
    unit = unit_of(module)
    assert unit == "dashboard" or unit in LEVEL, f"give {module} a level in tests/test_layers.py"
    assert wrong_imports(module, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(("module", "path"), modules(), ids=lambda value: str(value)[-40:])
def test_files_and_functions_are_short(module: str, path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= MAX_FILE_LINES, module
    assert long_functions(source) == [], module


def test_no_module_is_named_after_nothing() -> None:
    names = {path.stem for _, path in modules()}
    assert not names & {"utils", "util", "helpers", "helper", "misc", "common"}


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("satseg.windows", "from satseg.scene import open_scene"),
        ("satseg.scene", "def f():\n    from satseg.zoo.load import load_model"),
        ("satseg.zoo.load", "import satseg.scene"),
        ("satseg.area", "import torch"),
        ("satseg.bands", "import pyproj"),
        ("satseg.grids", "import rasterio"),
        ("satseg.catalog_items", "from satseg.cli import main"),
        ("satseg.workflow", "from dashboard.explore import page"),
        ("satseg.errors", "from satseg import windows"),
    ],
)
def test_the_rule_sees_wrong_imports(module: str, source: str) -> None:
    assert len(wrong_imports(module, source)) == 1


def test_the_rule_lets_right_imports_pass() -> None:
    source = (
        "from typing import TYPE_CHECKING\nimport numpy\nfrom satseg import __version__\n"
        "from satseg.scene import Scene\nif TYPE_CHECKING:\n    from satseg.cli import main\n"
    )
    assert wrong_imports("satseg.predict", source) == []


def test_the_rule_sees_long_functions() -> None:
    body = "\n".join(f"    x = {number}" for number in range(61))
    assert long_functions(f"def f():\n    '''Doc.'''\n{body}") == ["f: 61 lines"]
    assert long_functions(f"def f():\n    '''Doc.'''\n{body[: body.rindex('    x')]}") == []
