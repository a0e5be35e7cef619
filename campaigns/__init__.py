"""Campaigns, journeys and their proof. Empty so far: the place in the house is kept, so that imports keep their order."""
