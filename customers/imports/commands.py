"""What `import_receipts` and `import_customers` share: arguments, progress bar, report, exit code."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from crm.jobs.models import State
from crm.lib.refusals import Refusal
from customers import imports
from customers.models import ImportFile, ImportMapping


class ImportCommand(BaseCommand):
    """Exit code 0: done (rejected rows are told and written to a file); 1: a file was refused or failed."""

    kind = ""
    requires_migrations_checks = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "files", nargs="+", metavar="FILE", type=Path, help="CSV, Excel, NDJSON or Parquet"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="check and count everything, change nothing"
        )
        parser.add_argument(
            "--known-stores", action="store_true", help="reject rows of stores that the chain does not have"
        )
        parser.add_argument("--mapping", metavar="NAME", help="the kept mapping of the files' columns")

    def options_of(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"known_stores": options["known_stores"], "mapping": self._mapping(options["mapping"])}

    def _mapping(self, name: str | None) -> dict[str, str] | None:
        if name is None:
            return None
        kept = ImportMapping.objects.filter(kind=self.kind)
        found = kept.filter(name=name).first()
        if found is None:
            known = ", ".join(f"“{one.name}”" for one in kept.order_by("name")) or "none"
            raise CommandError(f"There is no mapping “{name}” for {self.kind}; kept are: {known}.")
        return dict(found.columns)

    def handle(self, *args: Any, **options: Any) -> None:
        failed = [path for path in options["files"] if not self._import(path, options)]
        if failed:
            raise CommandError("Not imported: " + ", ".join(str(path) for path in failed))

    def _import(self, path: Path, options: dict[str, Any]) -> bool:
        bar = _Bar(path.name)
        try:
            done = imports.run_now(
                path,
                self.kind,
                by="system:command",
                dry_run=options["dry_run"],
                watcher=bar,
                **self.options_of(options),
            )
        except Refusal as refusal:
            bar.close()
            self.stderr.write(f"{path}: {refusal}")
            return False
        bar.close()
        return self._report(path, done)

    def _report(self, path: Path, done: ImportFile) -> bool:
        assert done.job is not None
        if done.refusal or done.job.state != State.DONE:
            self.stderr.write(f"{path}: {done.refusal or done.job.error}")
            return False
        counts = done.job.counts
        would = " (dry run: nothing was changed)" if done.is_dry_run else ""
        parts = ", ".join(f"{counts[name]:,} {name}" for name in ("applied", "duplicates", "rejected"))
        self.stdout.write(f"{path}: {counts['rows']:,} rows = {parts}{would}")
        more = {
            name: n
            for name, n in counts.items()
            if name not in ("rows", "applied", "duplicates", "rejected") and n
        }
        if more:
            self.stdout.write("  " + ", ".join(f"{n:,} {name}" for name, n in more.items()))
        for kind, names in done.stubs.items():
            if names:
                self.stdout.write(f"  new {kind}: {', '.join(names[:8])}{' …' if len(names) > 8 else ''}")
        if done.rejected_path:
            self.stdout.write(f"  rejected rows: {done.rejected_path}")
        return True


class _Bar:
    """A progress bar on a terminal, silence elsewhere."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.phase = ""
        self.bar: Any = None

    def __call__(self, phase: str, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            return
        if phase != self.phase:
            self.close()
            self.phase = phase
            self.bar = tqdm(
                desc=f"{self.name}: {phase}", total=total, unit=" rows", unit_scale=True, leave=False
            )
        self.bar.total = total
        self.bar.update(done - self.bar.n)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None
