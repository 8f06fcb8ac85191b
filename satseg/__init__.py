"""Farmland mapping in very-high-resolution satellite imagery."""

__version__ = "0.1.0"
