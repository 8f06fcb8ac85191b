"""Imagery from the network: safe downloads and archives, SpaceNet's Shanghai, STAC catalogs."""
