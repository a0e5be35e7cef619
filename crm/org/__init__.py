"""The organisation: the chain, its regions, stores and departments, its staff and what they may do.

A *scope* is the set of stores whose rows a person may browse; a *permission* is what a person may do there.
"""
