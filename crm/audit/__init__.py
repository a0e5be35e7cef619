"""The audit trail: who did what, when, to which record. Written in the transaction of the change itself."""
