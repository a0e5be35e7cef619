"""`import_customers FILE… [--dry-run]`: customers with their identifiers, one a row."""

from customers.imports.commands import ImportCommand


class Command(ImportCommand):
    help = "Import customers, one a row: new ones are enrolled, known ones brought up to date."
    kind = "customers"
