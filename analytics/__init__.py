"""Retail analyses: where a change of the sales came from, who buys what together, who comes and who stays away.

*Period*: the days looked at, and those they are compared with. *Question*: the sales that a page is about (periods,
stores, channel, goods, group). *Contribution*: the part of a change that one cause accounts for; the parts of a change
sum to it, to the cent. The app keeps nothing: every page asks the receipts, in a statement or two.
See docs/algorithms/analyses.md.
"""
