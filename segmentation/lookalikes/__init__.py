"""Look-alikes: who, among those who hardly bought or all others, is like a given set of customers.

A *seed* is a set with a name (`seeds`). Two models learn what sets it apart (`models`): by what people buy, and by
their profile for those who hardly bought (`profiles`). A *search* is a job (`searching`, `jobs`) whose row and matches
stay until somebody removes them. How well it goes is measured on members of the seed that the models did not see
(`quality`). Formulas: docs/algorithms/lookalikes.md.
"""
