"""The trail for other systems."""
