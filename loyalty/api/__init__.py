"""The REST API of loyalty."""
