"""Giving facts, reading those that may be used, ending the others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from msgspec import Meta

from crm.audit import trail
from crm.lib.refusals import Refusal
from customers import identities
from customers.events.payloads import located
from customers.models import Basis, Customer, FactType, ProvidedFact, Provider
from customers.receiving import people
from customers.receiving.database import in_transaction

MOST = 5_000
LONGEST = 200  # characters of a value
LARGEST = 10**15
BASES = {basis.name.lower(): basis for basis in Basis}


class FactIn(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One fact as it is told. `kind` and `identifier` say of whom."""

    kind: str
    identifier: Annotated[str, Meta(min_length=1, max_length=190)]
    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
    type: Literal["text", "number", "date", "yes_no"]
    value: Annotated[str, Meta(min_length=1, max_length=LONGEST)]
    obtained_on: date
    valid_until: date
    basis: Literal["consent", "contract", "interest", "public"]
    purpose: Annotated[str, Meta(min_length=1, max_length=120)]
    right: Annotated[str, Meta(max_length=200)] = ""


class TooManyFacts(Refusal):
    code = "too_many_facts"
    status = 413


class ProviderOff(Refusal):
    code = "provider_off"
    status = 409


@dataclass(frozen=True)
class Wrong:
    """`place` counts from 0; `pointer` is within the row."""

    place: int
    code: str
    pointer: str
    detail: str


@dataclass
class Outcome:
    """`applied` + `unchanged` + `rejected` = rows."""

    applied: int = 0
    unchanged: int = 0
    rejected: int = 0
    errors: list[Wrong] = field(default_factory=list)

    def reject(self, wrong: Wrong) -> None:
        self.rejected += 1
        self.errors.append(wrong)


@dataclass
class _Clean:
    place: int
    told: FactIn
    person: tuple[str, str]
    value: str
    customer_id: int = 0


def give(provider: Provider, rows: Iterable[Mapping[str, Any]], *, today: date, by: Any) -> Outcome:
    """Keep facts of customers who are known; of one customer and name the one obtained last counts.

    Raises ProviderOff, TooManyFacts. What is wrong with a row is told of that row.
    """
    listed = list(rows)
    if not provider.is_on:
        raise ProviderOff(_("Facts of this provider are switched off."))
    if len(listed) > MOST:
        raise TooManyFacts(_("At most %(n)d facts at once.") % {"n": MOST})
    outcome = Outcome()
    good = [clean for place, row in enumerate(listed) if (clean := _clean(place, row, today, outcome))]

    def work(cur: Any) -> Outcome:
        draft = Outcome(rejected=outcome.rejected, errors=list(outcome.errors))
        _write(cur, provider, good, draft, by)
        trail.record(
            "facts.give", provider, by=by, details={"applied": draft.applied, "rejected": draft.rejected}
        )
        return draft

    done = in_transaction(work)
    done.errors.sort(key=lambda wrong: wrong.place)
    return done


def _clean(place: int, row: Mapping[str, Any], today: date, outcome: Outcome) -> _Clean | None:
    try:
        told = msgspec.convert(row, FactIn)
    except msgspec.ValidationError as error:
        pointer, detail = located(error)
        outcome.reject(Wrong(place, "invalid_fact", pointer, detail))
        return None
    known_as = identities.normalised(told.kind, told.identifier)
    value = canonical(told.type, told.value)
    for is_wrong, pointer, detail in (
        (known_as is None, "/identifier", _("This is no %(kind)s.") % {"kind": told.kind}),
        (value is None, "/value", _("This is no %(type)s.") % {"type": told.type}),
        (told.obtained_on > today, "/obtained_on", _("This day has not come yet.")),
        (told.valid_until < today, "/valid_until", _("The right of use has ended.")),
        (told.valid_until < told.obtained_on, "/valid_until", _("The right of use has ended.")),
    ):
        if is_wrong:
            outcome.reject(Wrong(place, "invalid_fact", pointer, detail))
            return None
    return _Clean(place, told, (told.kind, str(known_as)), str(value))


def canonical(type_: str, text: str) -> str | None:
    """The one written form of a value of this type; None when it is none."""
    text = text.strip()
    if type_ == "number":
        return _written(text)
    if type_ == "date":
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            return None
    if type_ == "yes_no":
        return {
            "true": "true",
            "yes": "true",
            "1": "true",
            "false": "false",
            "no": "false",
            "0": "false",
        }.get(text.lower())
    return text if text and text.isprintable() else None


def _written(text: str) -> str | None:
    """A number without an exponent, as long as it can be kept."""
    try:
        number = Decimal(text)
    except ArithmeticError:
        return None
    if not number.is_finite() or number.copy_abs() >= LARGEST or (number and number.adjusted() < -LONGEST):
        return None
    written = f"{number.normalize():f}"
    return written if len(written) <= LONGEST else None


def _write(cur: Any, provider: Provider, good: list[_Clean], outcome: Outcome, by: Any) -> None:
    owners = _visible(people.known(cur, sorted({clean.person for clean in good})), by) if good else {}
    last: dict[tuple[int, str], _Clean] = {}
    for clean in good:
        if clean.person not in owners:
            outcome.reject(
                Wrong(clean.place, "unknown_customer", "/identifier", _("Nobody has this identifier."))
            )
            continue
        clean.customer_id = owners[clean.person]
        key = (clean.customer_id, clean.told.name)
        before = last.get(key)
        if before:
            outcome.unchanged += 1
        if before is None or before.told.obtained_on <= clean.told.obtained_on:
            last[key] = clean
    if last:
        rows = [_row(provider, last[key]) for key in sorted(last)]
        cur.execute(_KEEP, [provider.pk, *(list(column) for column in zip(*rows, strict=True))])
        outcome.applied += cur.rowcount
        outcome.unchanged += len(rows) - cur.rowcount


def _visible(owners: dict[tuple[str, str], int], by: Any) -> dict[tuple[str, str], int]:
    """Those of whom the giver may see the customer."""
    if not callable(getattr(by, "scope", None)):
        return owners
    seen = set(Customer.objects.visible_to(by).filter(pk__in=owners.values()).values_list("pk", flat=True))
    return {person: owner for person, owner in owners.items() if owner in seen}


def _row(provider: Provider, clean: _Clean) -> tuple[Any, ...]:
    told = clean.told
    return (
        clean.customer_id, told.name, int(FactType[told.type.upper()]), clean.value, told.obtained_on,
        told.valid_until, int(BASES[told.basis]), told.right or provider.right, told.purpose,
    )  # fmt: skip


def of(customer: Customer, *, today: date) -> QuerySet[ProvidedFact]:
    """Facts about a customer that may be used on this day, in one query."""
    held = ProvidedFact.objects.filter(customer=customer, provider__is_on=True, valid_until__gte=today)
    return held.select_related("provider").order_by("provider__name", "name")


def end(today: date) -> int:
    """Remove facts whose right of use has ended. Returns how many."""
    return int(ProvidedFact.objects.filter(valid_until__lt=today).delete()[0])


# What was obtained later stays; the same again is not written.
_KEEP = """
INSERT INTO customers_providedfact AS kept (
    provider_id, customer_id, name, type, value, obtained_on, valid_until, basis, "right", purpose
)
SELECT %s, new.* FROM unnest(
    %s::bigint[], %s::text[], %s::smallint[], %s::text[], %s::date[], %s::date[], %s::smallint[], %s::text[],
    %s::text[]
) AS new
ON CONFLICT (customer_id, provider_id, name) DO UPDATE SET
    type = excluded.type, value = excluded.value, obtained_on = excluded.obtained_on,
    valid_until = excluded.valid_until, basis = excluded.basis, "right" = excluded."right",
    purpose = excluded.purpose, recorded_at = now()
WHERE kept.obtained_on <= excluded.obtained_on
  AND (kept.type, kept.value, kept.obtained_on, kept.valid_until, kept.basis, kept."right", kept.purpose)
    IS DISTINCT FROM (
        excluded.type, excluded.value, excluded.obtained_on, excluded.valid_until, excluded.basis,
        excluded."right", excluded.purpose
    )
"""
