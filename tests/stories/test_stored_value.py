"""The story of stored value (`money/stored_value.md`) is told to the real thing; its numbers were found by hand."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Sum

from crm.org.models import Store
from customers.models import Customer
from loyalty import ledger, storedvalue
from loyalty.ledger import Cause
from loyalty.models import StoredKind, StoredOperation, StoredTerms, TopUpOffer, Unit
from loyalty.storedvalue.cents import money
from loyalty.storedvalue.refusals import StoredRefused

pytestmark = pytest.mark.django_db
PAGE = Path(__file__).parent / "money" / "stored_value.md"
STEPS: list[tuple[str, Callable[..., Any]]] = [
    (r"tops up (\S+)", lambda t, n: storedvalue.top_up(t.who, cents(n), t.why(), how="cash")),
    (r"undoes it", lambda t: storedvalue.undo(t.who, t.last(StoredKind.TOP_UP), t.why())),
    (r"pays (\S+) \((\w)\)", lambda t, n, name: t.keep(name, storedvalue.pay(t.who, cents(n), t.why()))),
    (
        r"gets back (\S+) of (\w)",
        lambda t, n, of: storedvalue.refund(t.who, t.paid[of], t.why(), amount=cents(n)),
    ),
    (r"asks for the rest", lambda t: storedvalue.pay_out(t.who, t.why(), how="cash")),
]


def cents(text: str) -> int:
    return int(text.replace(".", ""))


class Teller:
    def __init__(self, who: Customer, store: Store) -> None:
        self.who, self.store, self.count, self.paid = who.pk, store, 0, dict[str, int]()

    def why(self) -> Cause:
        return Cause(f"story:{self.count}", self.at, "till:1", self.store.pk)

    def last(self, kind: StoredKind) -> int:
        return StoredOperation.objects.filter(kind=kind).latest("pk").pk

    def keep(self, name: str, done: StoredOperation) -> None:
        self.paid[name] = done.pk

    def tell(self, day: str, what: str) -> None:
        on = datetime.fromisoformat(day).date()
        self.at = datetime.combine(on, time(12), tzinfo=self.store.zone).astimezone(UTC)
        self.count += 1
        for pattern, do in STEPS:
            if found := re.fullmatch(pattern, what):
                do(self, *found.groups())
                return
        raise AssertionError(what)

    def has(self) -> list[str]:
        accounts = [
            ledger.refresh(self.who, at=self.at, by="test", unit=unit) for unit in (Unit.STORED, Unit.BONUS)
        ]
        cash = StoredOperation.objects.aggregate(n=Sum("money", default=0))["n"]
        return [f"{money(n):.2f}" for n in (*(one.spendable(self.at) for one in accounts), cash)]


def test_the_story(irina: Customer, harbour: Store) -> None:
    began = datetime(2026, 1, 1).date()
    StoredTerms.objects.create(valid_from=began, pay_out_alone=500, pay_out_lead=500)
    TopUpOffer.objects.create(code="five", name="Five", pay=500, bonus=50, bonus_days=90, valid_from=began)
    teller = Teller(irina, harbour)
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| 2")]
    for day, what, *has, _why in [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]:
        if what.endswith(": refused"):
            with pytest.raises(StoredRefused):
                teller.tell(day, what.removesuffix(": refused"))
        else:
            teller.tell(day, what)
        assert teller.has() == has, (day, what)
