"""What other rules would have given: any period replayed through drafts (docs/algorithms/simulation.md).

drafts.read(text)            a draft from JSON, or a refusal that names what is wrong
replay.parts(draft)          slices of purchases with what the draft and the live rules give; writes nothing
editing.begin(by=…, today=…) a copy of what is live, to be changed piece by piece
jobs.start(draft, by=…)      the same as a job with progress, kept with its result
"""
