"""WorldView-3 deliveries as Maxar (Vantor) sends them, made into scenes of the catalog.

    folder -> find_delivery -> understand (checked plan) -> make_image -> Catalog.add_scene

Reflectance at the top of the atmosphere where the product allows it, optionally pan-sharpened and
orthorectified; streamed block by block, so that memory does not depend on the size of the scene.
"""

from satseg.deliveries.folder import Delivery, Part, find_delivery
from satseg.deliveries.make import add_delivery, make_image
from satseg.deliveries.ortho import Terrain
from satseg.deliveries.plan import Choices, Plan, understand
from satseg.deliveries.words import described

__all__ = [
    "Choices",
    "Delivery",
    "Part",
    "Plan",
    "Terrain",
    "add_delivery",
    "described",
    "find_delivery",
    "make_image",
    "understand",
]
