#!/usr/bin/env python
"""Django's command line. Starts the embedded PostgreSQL and Valkey first where a command needs them."""

import os
import sys

from crm import embedded


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings.development")
    if embedded.is_needed_by(sys.argv[1:]):
        embedded.ensure()
    from django.core.management import execute_from_command_line

    from crm.audit import context

    context.be_command(sys.argv)
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
