"""`manage.py verify_audit`: check the audit trail against its seals."""

import json
import sys
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from crm.audit import anchors, proof, sealing, verifying
from crm.audit.findings import Report
from crm.audit.models import Entry

BY = "system:command"


class Command(BaseCommand):
    help = (
        "Check every entry of the audit trail against the seals, and the seals against the anchors that were noted "
        "outside of the database. Names each changed, missing or inserted entry; exit 1 when there is one. What is not "
        "sealed yet is sealed first."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--json", action="store_true", help="the report as JSON on standard output")
        parser.add_argument(
            "--anchor", action="append", default=[], metavar="57:0a1b…",
            help="an anchor that you noted down: seal number and signature; may be given several times",
        )  # fmt: skip
        parser.add_argument(
            "--no-seal", action="store_true", help="do not seal first: change nothing in the database"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        noted = [anchors.parse(text) for text in options["anchor"]]
        if None in noted:
            raise CommandError(
                "An anchor is the number of a seal, a colon, and letters 0-9 a-f.", returncode=2
            )
        started_at = datetime.now(UTC)
        if not options["no_seal"]:
            sealing.seal()
        with tqdm(total=Entry.objects.count(), unit=" entries", disable=not sys.stderr.isatty()) as bar:
            report = proof.verify(
                [one for one in noted if one], told=lambda rows: bar.update(rows - bar.n) and None
            )
        if not options["no_seal"]:
            verifying.keep(started_at, report, by=BY)
        self._say(report, options["json"])
        if report.faults:
            raise SystemExit(1)

    def _say(self, report: Report, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(report.as_json()))
            return
        for found in report.findings:
            self.stdout.write(f"{found.what:<17} {found.sentence}")
        unsealed = f", {report.unsealed:,} not sealed yet" if report.unsealed else ""
        self.stdout.write(
            f"{report.entries:,} entries in {report.seals:,} seals{unsealed}: {report.faults:,} faults."
        )
        self.stdout.write(f"Anchor: {report.anchor or 'none yet'}")
