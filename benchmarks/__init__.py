"""What is fast is measured here, each figure beside a peer or a floor that was measured in the same run.

    python -m benchmarks                 all, at full size
    python -m benchmarks load night      those whose names begin so
    python -m benchmarks --scale 0.05    quicker, smaller data (bars are shown, not judged)
    python -m benchmarks --list

A benchmark is a file `bench_<name>.py` with `TITLE: str` and `run(lab: Lab) -> Iterable[Figure]`; nothing needs to be
registered. The lab gives it a migrated, empty database (`lab.database("mine")`) or one that is filled once and kept
(`lab.filled("crowd", fill)`), both on a server apart from the installation's own. Django is set up before the file is
imported, so models may be imported at its top.
"""
