"""The work of importing a receipts file: read into parts, name what is new, apply part after part.

Each part is a slice of the job: its rows and the job's checkpoint are one transaction. Killed at any moment, the next
worker goes on with the first part that was not committed. A dry run does the same and rolls every part back.

An attempt reads into a folder of its own, which the checkpoint names once it is whole: an attempt that has lost its
lease and does not know it yet cannot touch what its successor reads.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from django.db import transaction
from django.utils.translation import gettext as _

from crm.jobs.claim import Claim
from crm.org.models import Chain, Store
from customers import identities
from customers.imports import places
from customers.imports.ahead import ahead
from customers.imports.columns import RECEIPTS
from customers.imports.files import Table, open_table
from customers.imports.receipt_events import References
from customers.imports.receipt_part import Part, PartOutcome
from customers.imports.receipt_rows import REASONS, SCHEMA, RowReader
from customers.imports.refusals import TooManyBroken
from customers.imports.rejected import RejectedRows
from customers.imports.spill import Spill, choose, column, parts_of
from customers.imports.watch import say
from customers.models import ImportFile
from customers.receiving import references
from customers.receiving.database import cursor, in_transaction

ABOUT = ("source", "external_id", "line")
MOST_BROKEN = 500_000  # told one by one; a file that has more good ones than these is read on
READ_PIECE = 0  # of the rejected rows: those that are no rows


class ReceiptsImport:
    def __init__(self, claim: Claim, file: ImportFile) -> None:
        self.claim = claim
        self.file = file
        # What was begun by a version before this one lies in the work folder itself.
        own = "" if "parts" in claim.checkpoint else claim.token.hex
        self.folder = places.work_folder(file) / claim.checkpoint.get("folder", own)
        self.rejected = RejectedRows(self.folder / "rejected", ABOUT, REASONS)

    def run(self) -> None:
        if not self.claim.checkpoint.get("is_finished"):
            self._import()
        places.remove_work(self.file)  # after the last commit: until then a successor needs it

    def _import(self) -> None:
        if "parts" not in self.claim.checkpoint:
            self._read()
        spill = Spill(self.folder / "parts", SCHEMA, self.claim.checkpoint["parts"])
        if "stubs" not in self.claim.checkpoint:
            self._name_stubs(spill)
        self._apply(spill)
        self._finish()

    def _read(self) -> None:
        """The whole file into parts. Refused here, nothing of it has been applied."""
        table = open_table(places.path_of(self.file))
        reader = self._reader(table)
        self.claim.renew()
        places.remove_work(self.file)  # of attempts that did not come to their end
        spill = Spill.begin(self.folder / "parts", SCHEMA, table.estimate)
        broken = rows = 0
        with ThreadPoolExecutor(1, thread_name_prefix="import-spill") as beside:
            spilled: Future[None] | None = None
            for block in ahead(table.blocks()):
                self.rejected.append(READ_PIECE, [(row, REASONS["row_broken"]) for row in block.broken])
                broken += len(block.broken)
                rows += len(block.rows) + len(block.broken)
                _refuse_rubbish(broken, rows)
                read = reader.read(block) if len(block.rows) else None
                if spilled:
                    spilled.result()
                spilled = beside.submit(self._spill, spill, read) if read else None
                say(self.claim, "read", rows, max(table.estimate, rows))
            if spilled:
                spilled.result()
        spill.end(
            {"sources": reader.sources.codes, "stores": reader.stores.codes, "skus": reader.products.codes}
        )
        with self.claim.slice(done=0) as draft:
            draft.update(parts=spill.parts, folder=self.folder.name, next=0, rows=rows)
            self.claim.counts.update(_zeros() | {"rows": broken, "rejected": broken})
        self.claim.progress(0, rows)

    def _reader(self, table: Table) -> RowReader:
        chain = Chain.current()
        zones = {code: ZoneInfo(zone) for code, zone in Store.objects.values_list("code", "timezone")}
        return RowReader(
            RECEIPTS.match(table.names, self.claim.params.get("mapping")),
            zones, ZoneInfo(chain.timezone), identities.chain_countries(),
            default_source=self.claim.params.get("source") or "import",
            known_stores_only=bool(self.claim.params.get("known_stores")),
        )  # fmt: skip

    @staticmethod
    def _spill(spill: Spill, rows: pa.Table) -> None:
        """A return goes where its receipt goes."""
        of_source = column(rows, "of_source")
        is_return = of_source >= 0
        source = np.where(is_return, of_source, column(rows, "source"))
        external = choose(is_return, column(rows, "of_external_id"), column(rows, "external_id"))
        spill.write(rows, parts_of(source, external, spill.parts))

    def _name_stubs(self, spill: Spill) -> None:
        """Sources, stores and products that the file names first become stubs, and are listed on the file."""
        codes = spill.codes()
        with self.claim.slice() as draft:
            stubs = self._make_stubs(codes)
            draft["stubs"] = {kind: len(named) for kind, named in stubs.items()}
            self.file.stubs = {kind: named[:1000] for kind, named in stubs.items()}
            self.file.save(update_fields=["stubs"])

    def _make_stubs(self, codes: dict[str, list[str]]) -> dict[str, list[str]]:
        cur = cursor()
        known = references.stores(cur, codes["stores"], make_stubs=False)
        stubs = {
            "stores": sorted(set(codes["stores"]) - set(known)),
            "products": sorted(
                set(codes["skus"]) - set(references.products(cur, codes["skus"], make_stubs=False))
            ),
        }
        if self.file.is_dry_run:  # refused now, if it would be refused then
            references.sources(cur, codes["sources"], by=self.file.created_by, make=False)
        else:
            _references(cur, codes, self.file)
        return stubs

    def _apply(self, spill: Spill) -> None:
        codes = spill.codes()
        found = None if self.file.is_dry_run else _references(cursor(), codes, self.file)
        rows = self.claim.checkpoint["rows"]
        left = range(self.claim.checkpoint["next"], spill.parts)
        for number, table, part in ahead(_prepared(spill, number, found) for number in left):
            done = self.claim.counts["rows"] + len(table)
            with self.claim.slice(done=done) as draft:
                outcome = self._apply_part(table, codes, part)
                self.rejected.write(number + 1, outcome.rejected)
                for name, count in outcome.counts.items():
                    self.claim.counts[name] += count
                draft["next"] = number + 1
            say(self.claim, "apply", done, rows)

    def _apply_part(self, table: pa.Table, codes: dict[str, list[str]], part: Part | None) -> PartOutcome:
        def work(cur: Any) -> PartOutcome:
            return (part or Part(table, _references(cur, codes, self.file))).apply(cur, self.file.pk)

        if not self.file.is_dry_run:
            return in_transaction(work)
        with transaction.atomic():
            outcome = in_transaction(work)
            transaction.set_rollback(True)
        return outcome

    def _finish(self) -> None:
        with self.claim.slice() as draft:
            if self.claim.counts["rejected"]:
                self.rejected.deliver(self.file)
            draft["is_finished"] = True


def _refuse_rubbish(broken: int, rows: int) -> None:
    if broken > MOST_BROKEN and broken > rows // 2:
        words = _("Most of the first %(n)d rows have too many or too few fields. Is this the right file?")
        raise TooManyBroken(words % {"n": rows})


def _prepared(spill: Spill, number: int, found: References | None) -> tuple[int, pa.Table, Part | None]:
    """A part, ready to be applied. A dry run finds what codes stand for in the transaction that it rolls back."""
    table = spill.read(number)
    return number, table, Part(table, found) if found else None


def _zeros() -> dict[str, int]:
    names = ("rows", "applied", "duplicates", "rejected", "receipts", "returns", "waiting")
    return dict.fromkeys(names, 0)


def _references(cur: Any, codes: dict[str, list[str]], file: ImportFile) -> References:
    """Rows behind the file's codes; what is missing is made. Dry, what is new gets numbers that no row has."""
    is_dry = file.is_dry_run
    sources = references.sources(cur, codes["sources"], by=file.created_by, make=not is_dry)
    stores = references.stores(cur, codes["stores"], make_stubs=True)
    products = references.products(cur, codes["skus"], make_stubs=not is_dry)
    if is_dry:
        products = {sku: products.get(sku, -place) for place, sku in enumerate(codes["skus"], start=1)}
    return References(
        sources=np.array([sources[code] for code in codes["sources"]], dtype=np.int64),
        source_codes=codes["sources"],
        stores=[stores[code] for code in codes["stores"]],
        store_codes=codes["stores"],
        products=np.array([products[sku] for sku in codes["skus"]], dtype=np.int64),
        product_codes=pa.array(codes["skus"], pa.string()),
    )
