"""`simulate_programme FILE`: replay receipts through draft rules; `--check`: the live ones, against the ledger."""

import json
import sys
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from tqdm import tqdm

from crm.lib.refusals import Refusal
from loyalty.simulation import checking, drafts, replay, running, totals
from loyalty.simulation.drafts import Draft

NAMED_MOST = 20


class Command(BaseCommand):
    help = (
        "Replay the receipts of a period through the draft rules of a JSON file (docs/algorithms/simulation.md) "
        "and tell what they would have given beside the live rules. Nothing is written. --check replays the live "
        "rules instead and compares each receipt with the ledger: exit 1 names those that differ."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="the draft; - reads it from the standard input")
        parser.add_argument(
            "--check", action="store_true", help="replay the live rules of the draft's period"
        )
        parser.add_argument("--json", action="store_true", help="print the sums as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        draft = _read(options["file"])
        with transaction.atomic():
            if options["check"]:
                self.compare(draft.from_on, draft.to_on)
            else:
                self.simulate(draft, as_json=options["json"])
            transaction.set_rollback(True)

    def compare(self, from_on: date, to_on: date) -> None:
        receipts, points, differences = 0, 0, []
        with _bar(draft_days=(from_on, to_on)) as bar:
            for part in checking.check(from_on, to_on):
                receipts, points = receipts + part.receipts, points + part.points
                differences += part.differences[: NAMED_MOST + 1]
                bar.update(part.receipts)
        if differences:
            for one in differences[:NAMED_MOST]:
                self.stderr.write(str(one))
            raise CommandError("The live rules do not give what the ledger holds.")
        self.stdout.write(
            f"{receipts:,} receipts, {points:,} points: the live rules give what the ledger holds."
        )

    def simulate(self, draft: Draft, *, as_json: bool) -> None:
        sums = totals.empty()
        with _bar(draft_days=(draft.from_on, draft.to_on)) as bar:
            for _after, receipts, _sums in running.slices(draft, sums):
                bar.update(receipts)
        if as_json:
            self.stdout.write(json.dumps(sums | {"worth": running.worth(draft)}, indent=1))
            return
        self.stdout.write(f"{sums['receipts']:,} receipts of {sums['customers']:,} customers")
        for key, words in (
            ("issued", "issued"),
            ("kept", "after returns"),
            ("outstanding", "outstanding now"),
        ):
            live, drafted = sums["live"][key], sums["draft"][key]
            self.stdout.write(f"{words:>16}: {live:>12,} → {drafted:>12,} ({drafted - live:+,})")
        for move, n in sorted(sums["tiers"].items()):
            was, _arrow, now = move.partition(">")
            if was != now:
                self.stdout.write(f"{was:>16} → {now}: {n:,}")


def _read(path: str) -> Draft:
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text("utf-8")
        return drafts.read(text)
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
    except Refusal as refusal:
        raise CommandError(str(refusal)) from refusal


def _bar(draft_days: tuple[date, date]) -> Any:
    total = replay.count(*draft_days)
    return tqdm(total=total, unit=" receipts", leave=False, disable=not sys.stderr.isatty())
