"""Campaigns, journeys and their proof.

Empty so far: its place in the house is kept, so that imports keep their order.
"""
