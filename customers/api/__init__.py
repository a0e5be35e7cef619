"""The customers' part of the REST API: receipts in, customers out. One resource a module."""
