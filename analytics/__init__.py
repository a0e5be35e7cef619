"""Figures for managers. Empty so far: the place in the house is kept, so that imports keep their order."""
