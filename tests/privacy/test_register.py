"""The register of personal data: every column of every table is classified, and what is said of it can be done."""

from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import models
from django.test.utils import isolate_apps

from crm.privacy import lint, register
from crm.privacy.libraries import LIBRARIES
from crm.privacy.register import DIGEST, Erasure, Kind, Whose, blanked, deleted, kept, plain
from customers.models import Customer


def test_every_column_of_every_table_is_classified() -> None:
    assert [str(message) for message in run_checks(tags=[lint.TAG])] == []


def test_every_table_of_ours_has_a_name_that_people_read() -> None:
    metas = [(one, one.model._meta) for one in register.entries()]
    ours = [one for one, meta in metas if meta.app_label not in LIBRARIES and not meta.auto_created]
    assert [one.label for one in ours if not one.name] == []


def test_the_register_knows_a_customers_name_as_identity_that_is_emptied() -> None:
    table = register.table_of(Customer)
    assert table.columns["name"] is Kind.IDENTITY
    assert table.erasure_of("name") is Erasure.BLANK
    assert table.erasure_of("home_store") is Erasure.KEEP
    assert "name" in table.exported()


def test_what_tells_of_staff_is_not_the_customers_to_export_or_erase() -> None:
    table = kept("why", behaviour="amount", staff="staff_code")
    assert table.exported() == ["amount"]
    assert blanked(identity="name", staff="by").erasure_of("by") is Erasure.KEEP


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`faults(deleted(...))`: what the lint says of a table with id, customer, name, amount (no blank) and code."""

    def of(table: Any) -> list[str]:
        with isolate_apps("customers"):

            class Thing(models.Model):
                customer = models.ForeignKey(Customer, models.PROTECT, db_constraint=False)
                name = models.CharField(max_length=10, null=True)  # noqa: DJ001
                amount = models.IntegerField()
                code = models.CharField(max_length=8)

                class Meta:
                    app_label = "customers"

        monkeypatch.setattr(register, "declared", lambda config: {"Thing": table} if table else {})
        return [f"{fault.id} {str(fault.msg).split()[0]}" for fault in lint.faults(Thing)]

    return of


_PLAIN = "id customer amount code"


def test_a_model_that_nobody_named_is_found(faults: Any) -> None:
    assert faults(None) == ["privacy.E001 customers.Thing"]


def test_a_complete_entry_is_fine(faults: Any) -> None:
    assert faults(deleted(identity="name", plain=_PLAIN)) == []


def test_a_column_that_nobody_classified_is_found(faults: Any) -> None:
    assert faults(deleted(identity="name", plain="id customer amount")) == ["privacy.E002 code"]


def test_a_column_that_is_none_is_found(faults: Any) -> None:
    assert faults(deleted(identity="name nickname", plain=_PLAIN)) == ["privacy.E002 nickname"]


def test_a_column_in_two_lists_is_found(faults: Any) -> None:
    assert faults(deleted(identity="name", contact="name", plain=_PLAIN)) == ["privacy.E002 name"]


def test_an_exception_for_a_plain_column_is_found(faults: Any) -> None:
    assert faults(deleted(identity="name", plain=_PLAIN, but={"amount": DIGEST})) == ["privacy.E002 amount"]


def test_rows_that_cannot_be_found_are_found(faults: Any) -> None:
    assert faults(deleted(by="owner", identity="name", plain=_PLAIN)) == ["privacy.E003 by='owner'"]
    assert faults(deleted(by="", identity="name", plain=_PLAIN)) == ["privacy.E003 by=''"]


def test_what_cannot_be_empty_is_found(faults: Any) -> None:
    said = blanked(identity="name", behaviour="amount", plain="id customer code")
    assert faults(said) == ["privacy.E004 amount"]


def test_a_digest_needs_room(faults: Any) -> None:
    said = blanked(identity="name code", but={"code": DIGEST}, plain="id customer amount")
    assert faults(said) == ["privacy.E004 code"]


def test_a_function_that_is_not_there_is_found(faults: Any) -> None:
    said = blanked(find="customers.traces:nothing", identity="name", plain=_PLAIN)
    assert faults(said) == ["privacy.E005 customers.traces:nothing"]


def test_reference_data_is_nobodys() -> None:
    assert plain("id name").whose is Whose.NOBODY
    assert plain("id", staff="created_by").whose is Whose.STAFF
