"""Pages about customers: the counter, the list, one customer; imports and the quarantine."""
