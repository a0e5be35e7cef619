"""Facts of others about customers: kept apart, with source, date and right of use, and gone when the right ends.

facts.give(provider, rows, by=key)   many facts         -> Outcome
facts.of(customer)                   what may be used now
facts.end(today)                     removes what may not be used any more
files.read(csv)                      rows of a CSV file
"""
