"""Consents that come with a customers file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils.timezone import now

from crm.jobs import runner
from crm.jobs.models import Job, State
from crm.org.models import Staff, Store
from customers import consents
from customers.consents import CELLS
from customers.imports import columns, undoing
from customers.models import Consent, Customer, Identity, ImportFile
from tests import cast

pytestmark = pytest.mark.django_db

HEAD = "number,name,consent_email_marketing,consent_sms_marketing,consent_profiling,do_not_contact,consent_at"


def bring(folder: Path, *rows: str, head: str = HEAD) -> dict[str, Any]:
    path = folder / f"{Job.objects.count()}.csv"
    path.write_text("\n".join([head, *rows]), encoding="utf-8")
    call_command("import_customers", str(path), verbosity=0)
    job = Job.objects.latest("pk")
    return {name: job.counts.get(name, 0) for name in ("rows", "new", "changed", "unchanged", "rejected")}


def given(member: str) -> set[str]:
    owner = Identity.objects.get(kind="member", value=member).customer_id
    return {one.code for one in CELLS if consents.allows(owner, one.channel, one.purpose)}


def test_yes_no_and_nothing(tmp_path: Path, harbour: Store) -> None:
    counts = bring(tmp_path, "M1,Wei,yes,no,是,,2026-03-01T10:00:00+08:00", "M2,Li,1,,,yes,", "M3,Bo,,,,,")
    assert counts == {"rows": 3, "new": 3, "changed": 0, "unchanged": 0, "rejected": 0}
    assert (given("M1"), given("M2"), given("M3")) == ({"email.marketing", "profiling"}, set(), set())
    assert Consent.objects.count() == 5
    first = Consent.objects.order_by("pk")[0]
    assert first.occurred_at == datetime(2026, 3, 1, 2, tzinfo=UTC)
    assert first.wording is not None
    assert (first.wording.code, first.source.split(":")[0]) == ("unknown/import", "import")
    owner = Identity.objects.get(value="M2").customer_id
    assert consents.state_of(owner).do_not_contact


def test_the_same_again_changes_nothing(tmp_path: Path, harbour: Store) -> None:
    rows = ("M1,Wei,yes,no,,,2026-03-01T10:00:00+08:00", "M2,Li,yes,no,,yes,")
    bring(tmp_path, *rows)
    before = list(Consent.objects.values_list("pk", flat=True))
    assert bring(tmp_path, *rows) == {"rows": 2, "new": 0, "changed": 0, "unchanged": 2, "rejected": 0}
    assert list(Consent.objects.values_list("pk", flat=True)) == before
    assert bring(tmp_path, "M1,Wei,no,,,,")["changed"] == 1
    assert given("M1") == set()


def test_a_stale_list_brings_nobody_back(tmp_path: Path, harbour: Store) -> None:
    bring(tmp_path, "M1,Wei,yes,,,,")
    owner = Identity.objects.get().customer_id
    consents.record(owner, channel="email", purpose="marketing", is_given=False, wording=None, source="unsubscribe",
                    by="customer", at=None)  # fmt: skip
    bring(tmp_path, "M1,Wei,yes,,,no,")
    bring(tmp_path, "M1,Wei,yes,,,,2026-03-01")
    assert given("M1") == set()


def test_what_is_neither_yes_nor_no_is_rejected(tmp_path: Path, harbour: Store) -> None:
    counts = bring(tmp_path, "M1,Wei,perhaps,,,,", "M2,Li,yes,,,,2999-01-01", "M3,Bo,yes,,,,")
    assert (counts["rows"], counts["new"], counts["rejected"]) == (3, 1, 2)
    assert Customer.objects.count() == 1


def test_every_cell_has_a_column() -> None:
    names = [name for name in columns.CUSTOMERS.optional if name.startswith(("consent_", "do_not"))]
    assert len(names) == len(CELLS) + 2


def test_a_try_writes_nothing(tmp_path: Path, harbour: Store) -> None:
    cast.chain()
    path = tmp_path / "try.csv"
    path.write_text(f"{HEAD}\nM1,Wei,yes,,,,\n")
    call_command("import_customers", str(path), "--dry-run", verbosity=0)
    assert not Consent.objects.exists()


def test_an_undone_import_takes_its_words_along(tmp_path: Path, harbour: Store, ana: Staff) -> None:
    bring(tmp_path, "M1,Wei,,yes,,,")
    before = list(Consent.objects.values())
    bring(tmp_path, "M1,Wei,yes,no,,,", "M2,Li,yes,,,yes,")
    file = ImportFile.objects.latest("pk")
    job = undoing.undo(file, by=ana, at=now()).undo_job
    assert job is not None
    assert runner.run_until_ended(job).state == State.DONE
    assert list(Consent.objects.values()) == before
    assert Customer.objects.count() == 1
