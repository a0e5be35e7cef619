"""Importing files of receipts and of customers: CSV, Excel, NDJSON or Parquet, of any size.

    imports.start(path_or_upload, "receipts", by=staff, dry_run=False) -> ImportFile    (a worker does it)
    imports.run_now(path, "receipts", by="system:demo", watcher=None)  -> ImportFile    (in this process)
    imports.receive(upload, …), imports.begin(file, columns, by=staff)          whose columns may be named otherwise
    undoing.undo(file, by=staff, at=now)                                takes an import of customers back
    imports.apply(tried, by=staff), imports.resume(file, by=staff)      a tried file for good; one that stopped, on
    keeping.forget_old(now)                                             uploads and rejected rows past their time

`ImportFile.job` tells how far it is (`done`, `total`, `counts`): rows = applied + duplicates + rejected, exactly.
`ImportFile.refusal` says why a whole file was refused (unknown columns, unreadable); then nothing was applied.
`ImportFile.rejected_path` is a CSV of the rejected rows with their number and reason.

Receipts, one line of a receipt a row (lines of one receipt may stand anywhere in the file):
    external_id, store, occurred_at, product, quantity, amount             required
    source, channel, customer_kind, customer_value, staff, line, discount, payments ("card:12.50;cash:3")
    receipt_source, receipt_external_id                                    on rows of returns: the receipt
Customers, one customer a row (at least one of number, phone, email, card, openid, account; lists parted by ";"):
    number, name, phone(s), email(s), card, openid, account, gender, birthday, age_band, income_band, occupation,
    household, household_code, household_size, home_store, tags, language, address, enrolled_at
"""

from customers.imports.running import apply, begin, receive, resume, run_now, start

__all__ = ["apply", "begin", "receive", "resume", "run_now", "start"]
