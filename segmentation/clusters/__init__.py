"""Clusters: groups that the customers themselves fall into, by what their purchases say.

*Traits* are measures of a customer (`kinds`, `measuring`); as *points* they are comparable (`scaling`). *Learning*
finds how many groups there are and their *centres* (`choosing`), and which of them are those of the time before
(`matching`), so that a cluster keeps its number and its name. Every night puts each customer to the nearest centre
(`step`). Pages read through `reading`. Formulas: docs/algorithms/clusters.md.
"""
