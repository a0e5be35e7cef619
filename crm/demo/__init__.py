"""The demo chain and synthetic data: everything that is invented, kept apart from what is real.

*journey* reads the 84.51° Complete Journey data set from its installed package, *places* and *people*
invent the stores and the members around it, *loader* sends the lot through the doors that everybody uses
(the importer, the catalogue loader). *synthetic* writes large data with known truth straight into the
tables, for benchmarks.
"""
