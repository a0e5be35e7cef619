"""Jobs: long work that loses nothing.

A row in the database is the record of a job: its state, attempts, lease and checkpoint. Celery is only the
doorbell: a message carries the row's id, may get lost or arrive twice, and a relay rings again for whatever is due.

* A worker *claims* a job with one conditional UPDATE and holds it by a *lease*, which a heartbeat renews.
* Work goes in slices. A slice's effect and its *checkpoint* are one transaction, fenced by the lease: a worker
  that lost its lease cannot commit anything more. So a killed worker costs at most one slice, done again by the next.
* Three failures without a new checkpoint, or eight workers that die at the same place, put the job aside
  (*quarantined*) for a person to look at. A database that is away is nobody's failure: the job waits for it.
"""
