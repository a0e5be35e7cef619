"""Complaints and the customer's voice. Empty so far: the place in the house is kept, so that imports keep their order."""
