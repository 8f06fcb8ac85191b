"""The whole way from areas of OpenStreetMap to an area of farmland, on simulated scenes.

It shows how the steps follow each other and what each leaves behind, in a minute or two on a
laptop. The place is drawn by the simulator, the polygons are its own truth written as OpenStreetMap
would have them, and the network is tiny: nothing here says how well a model does on real imagery.
"""

from satseg.demonstration.place import Demonstration, Size
from satseg.demonstration.steps import STEPS, Outcome, run

__all__ = ["STEPS", "Demonstration", "Outcome", "Size", "run"]
