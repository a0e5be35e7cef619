"""From one machine to several: where every table stands, and the proofs that the code keeps to it.

A *placement* says where the rows of a table live when a chain has outgrown one database server: with their customer
(`owned`, and the customer's own row, `root`), by a key of their own (`keyed`), whole on every machine (`reference`),
or on the first machine only (`local`). Apps declare theirs in `placements.py`; `manage.py check` refuses a table
without a placement and a schema that could not be spread (`lint.py`).

`scaleout` converts a plain database: into the *partition twin*, which enforces the same shape on plain PostgreSQL and
runs the whole test suite, or into Citus tables. The proofs ask the twin's planner whether hot statements stay within
one customer and whether the steps of the night need no rows of two partitions at once. `docs/scaleout.md` is the guide.
"""
