"""The work of importing a customers file: block after block, each a slice of the job.

Killed at any moment, the next worker reads the file again and goes on with the first block that was not committed
(blocks of a file are the same every time). A dry run does the same and rolls every block back.
"""

from collections import Counter
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext as _

from crm.audit import trail
from crm.jobs.claim import Claim
from crm.org.models import Store
from customers import identities, upserts
from customers.imports import consent_columns, customer_rows, journal, places
from customers.imports.columns import columns_of
from customers.imports.customer_rows import KIND_OF, REASONS, PersonRow
from customers.imports.files import Block, open_table
from customers.imports.refusals import MissingColumns
from customers.imports.rejected import RejectedRows
from customers.imports.watch import say
from customers.matching import conflicts
from customers.models import ImportFile
from customers.receiving import references
from customers.receiving.database import in_transaction
from customers.upserts import Trace

PIECE_ROWS = 20_000
PIECES = 1_000  # more than a block has


class CustomersImport:
    def __init__(self, claim: Claim, file: ImportFile) -> None:
        self.claim = claim
        self.file = file
        self.rejected = RejectedRows(places.work_folder(file) / "rejected", (), REASONS)
        self.diff = journal.Diff(places.work_folder(file) / "diff")
        self.changing: dict[int, Counter[str]] = {}  # of the pieces of a tried block: how often which field
        self.written: dict[int, int] = {}  # of the pieces of a block: customers of whom something was written
        self.countries = identities.chain_countries()
        is_closed = bool(claim.params.get("known_stores"))
        self.stores = frozenset(Store.objects.values_list("code", flat=True)) if is_closed else None

    def run(self) -> None:
        if not self.claim.checkpoint.get("is_finished"):
            self._import()
        places.remove_work(self.file)  # after the last commit: until then a successor needs it

    def _import(self) -> None:
        table = open_table(places.path_of(self.file))
        own_names = columns_of("customers").match(table.names, self.claim.params.get("mapping"))
        if not own_names.keys() & KIND_OF.keys():
            raise MissingColumns(
                _("At least one of these columns is needed: %(names)s.") % {"names": ", ".join(KIND_OF)}
            )
        if "next" not in self.claim.checkpoint:
            self.rejected.clear()
            with self.claim.slice() as draft:
                draft["next"] = 0
                self.claim.counts.update(_zeros())
        for number, block in enumerate(table.blocks()):
            if number >= self.claim.checkpoint["next"]:
                self._apply(number, block, own_names)
            rows = self.claim.counts["rows"]
            say(self.claim, "apply", rows, max(table.estimate, rows))
        self._finish()

    def _apply(self, number: int, block: Block, own_names: dict[str, str]) -> None:
        done = self.claim.counts["rows"] + len(block.rows) + len(block.broken)
        told = list(customer_rows.read(block, own_names, self.countries, stores=self.stores))
        with self.claim.slice(done=done) as draft:
            counts, rejected = self._write(number, told)
            rejected += [(row, REASONS["row_broken"]) for row in block.broken]
            self.rejected.write(number, rejected)
            counts.update(
                rows=len(told) + len(block.broken),
                rejected=len(rejected),
                elsewhere=sum(one.is_elsewhere for one in told),
            )
            for name, count in counts.items():
                self.claim.counts[name] += count
            draft["next"] = number + 1
            draft["fields"] = dict(Counter(draft.get("fields", {})) + sum(self.changing.values(), Counter()))
            draft["written"] = draft.get("written", 0) + sum(self.written.values())
            self.changing.clear()
            self.written.clear()
            if not self.file.is_dry_run:
                trail.record("customers.import", self.file, by=self.file.created_by, details=dict(counts))

    def _write(self, number: int, told: list[PersonRow]) -> tuple[Counter[str], list[tuple[int, int]]]:
        if not self.file.is_dry_run:
            return in_transaction(lambda cur: self._upsert(cur, number, told))
        with transaction.atomic():
            outcome = in_transaction(lambda cur: self._upsert(cur, number, told))
            transaction.set_rollback(True)
        return outcome

    def _upsert(
        self, cur: Any, number: int, told: list[PersonRow]
    ) -> tuple[Counter[str], list[tuple[int, int]]]:
        rejected = [(one.row, one.reason) for one in told if one.reason]
        usable = [one for one in told if not one.reason]
        stores = references.stores(
            cur, {code for one in usable if (code := one.fields.get("home_store"))}, make_stubs=True
        )
        counts: Counter[str] = Counter()
        for nth, start in enumerate(range(0, len(usable), PIECE_ROWS)):
            piece = [_with_store(one, stores) for one in usable[start : start + PIECE_ROWS]]
            source, traced = f"file:{self.file.pk}", partial(self._trace, cur, number * PIECES + nth, piece)
            fates = upserts.upsert(cur, piece, source=source, at=now(), traced=traced)
            spoke = self._say(cur, piece, fates)
            for one, fate in zip(piece, fates, strict=True):
                if fate.what == upserts.DISAGREE:
                    rejected.append((one.row, REASONS[_DISAGREE.get(fate.why, fate.why)]))
                else:
                    what = fate.what
                    if what == upserts.UNCHANGED and fate.customer_id in spoke:
                        what = upserts.CHANGED
                    counts["duplicates" if what == upserts.UNCHANGED else "applied"] += 1
                    counts[what] += 1
        return counts, rejected

    def _trace(self, cur: Any, number: int, piece: list[PersonRow], traces: list[Trace]) -> None:
        if self.file.is_dry_run:
            self.changing[number] = self.diff.write(number, piece, traces)
        else:
            journal.keep(cur, self.file.pk, number, piece, traces)
            self.written[number] = len(traces)

    def _say(self, cur: Any, piece: list[PersonRow], fates: list[upserts.Fate]) -> set[int]:
        """Record the consents of these rows; whom they told something new of."""
        told = [
            (fate.customer_id, one.words)
            for one, fate in zip(piece, fates, strict=True)
            if fate.what != upserts.DISAGREE and one.words.said
        ]
        source = f"import:{self.file.pk}"
        return consent_columns.write(
            cur, told, source=source, by=trail.actor_name(self.file.created_by or "system")
        )

    def _finish(self) -> None:
        with self.claim.slice() as draft:
            if self.claim.counts["rejected"]:
                self.rejected.deliver(self.file)
            if self.file.is_dry_run and (self.claim.counts["new"] or self.claim.counts["changed"]):
                self.diff.join(places.diff_file(self.file))
            draft["is_finished"] = True


_DISAGREE = {conflicts.OWNERS_DIFFER: "identifiers_disagree"}


def _with_store(one: PersonRow, stores: dict[str, references.StoreRef]) -> PersonRow:
    fields = dict(one.fields)
    if code := fields.pop("home_store", None):
        fields["home_store_id"] = stores[code].id
    return one._replace(fields=fields)


def _zeros() -> dict[str, int]:
    return dict.fromkeys(
        ("rows", "applied", "duplicates", "rejected", "new", "changed", "unchanged", "elsewhere"), 0
    )
