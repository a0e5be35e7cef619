"""Pages about long work: the nights, and stopping or resuming any job."""
