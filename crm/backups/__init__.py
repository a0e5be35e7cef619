"""Backups of the whole system, and bringing one back.

A backup is a folder: the database as one consistent dump, the files below the state directory, the erasure log, and a
manifest with the checksum of each. Restoring fills a database of its own, proves it against the manifest, erases again
whoever was erased since, and only then takes the place of the old one. See docs/operations.md.
"""
