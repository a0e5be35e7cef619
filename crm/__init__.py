"""Regulars' own house: the top floor that knows every app, and the ground floor that knows none.

Top floor: `settings`, `urls`, `api`, `celery`, `schedule`, `wsgi` and this package's own commands.
Ground floor: `org`, `audit`, `jobs`, `rest`, `ui`, `health`, `scaleout`, `embedded`, `lib`.
"""
