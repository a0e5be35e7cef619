"""Privacy: what is held about whom, and what becomes of it.

* The *register* (`register.py`, and a `personal.py` in every app) classifies every column of every table, and what is
  no column: files, caches, logs. A column that nobody classified fails the build.
* An *export* gives a person everything that the register knows of them; an *erasure* takes it away again and leaves a
  *certificate*. Both are driven by the register, so that a table of a later app is in both from its first day.

This package knows no app: apps say in `personal.py` what they hold. See docs/privacy.md.
"""
