"""Simulated WorldView-3 scenes of Shanghai with exact truth (see README.md of this folder)."""

from satseg.simulate.definition import Definition, random_definition, read_definition
from satseg.simulate.render import SimulatedScene, render_scene

__all__ = [
    "Definition",
    "SimulatedScene",
    "random_definition",
    "read_definition",
    "render_scene",
]
