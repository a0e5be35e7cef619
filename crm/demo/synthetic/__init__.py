"""Large invented data with known truth: for benchmarks, and for asking models what they should find.

*process* draws customers and their receipts (BG/NBD for when, Gamma-Gamma for how much), *spill* puts the
receipts into time order with bounded memory, *tables* writes rows through binary COPY, *rebuild* takes
indexes away for the load and puts them back as they were, *generate* runs the whole.
"""
