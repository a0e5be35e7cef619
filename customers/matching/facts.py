"""What is compared: the facts of a person, told or known."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from hashlib import blake2b
from typing import Any

from crm.lib import prepared
from customers import identities
from customers.matching import addresses, people
from customers.models import IdentityKind

Person = tuple[str, str]  # (kind, normalised value)


@dataclass(frozen=True)
class Facts:
    """Identifiers are normalised. What is not told is "" or None and speaks neither for nor against."""

    name: str = ""
    gender: str = ""
    birthday: date | None = None
    address: str = ""
    household: str = ""
    identities: frozenset[Person] = field(default_factory=frozenset)

    @cached_property
    def who(self) -> people.Name | None:
        return people.read(self.name) if self.name else None

    @cached_property
    def where(self) -> addresses.Address | None:
        return addresses.read(self.address) if self.address else None

    def values(self, kind: str) -> frozenset[str]:
        return frozenset(value for known, value in self.identities if known == kind)

    @cached_property
    def phones(self) -> frozenset[str]:
        return self.values(IdentityKind.PHONE)

    @cached_property
    def emails(self) -> frozenset[str]:
        return self.values(IdentityKind.EMAIL)

    @property
    def digest(self) -> bytes:
        """Changes when anything changes that is compared."""
        plain = (self.name, self.gender, str(self.birthday or ""), self.address, self.household)
        text = "\x1f".join([*plain, *(f"{kind}:{value}" for kind, value in sorted(self.identities))])
        return blake2b(text.encode(), digest_size=8).digest()


def told(identifiers: Iterable[tuple[str, str]] = (), **fields: Any) -> Facts:
    """Facts as somebody typed or sent them: (kind, value) and fields. What is no identifier of its kind is left out;
    a phone that may be of several countries stands for each."""
    known = {(k, known_as) for k, value in identifiers if value for known_as in identities.readings(k, value)}
    wanted = {name: value for name, value in fields.items() if name in Facts.__dataclass_fields__ and value}
    return Facts(identities=frozenset(known), **wanted)


def of(customer_ids: Iterable[int]) -> dict[int, Facts]:
    """What is known of these customers, in two statements. Those who were merged away are left out."""
    ids = sorted(set(customer_ids))
    if not ids:
        return {}
    held: dict[int, set[Person]] = {}
    for customer_id, kind, value in prepared.rows(_IDENTITIES, [ids]):
        held.setdefault(customer_id, set()).add((kind, value))
    return {
        customer_id: Facts(name, gender, born, address, household, frozenset(held.get(customer_id, ())))
        for customer_id, name, gender, born, address, household in prepared.rows(_PEOPLE, [ids])
    }


_FIELDS = ("name", "gender", "birthday", "address", "household")
_IDENTITIES = "SELECT customer_id, kind, value FROM customers_identity WHERE customer_id = ANY(%s)"
_PEOPLE = f"""
SELECT id, {", ".join(_FIELDS)} FROM customers_customer WHERE id = ANY(%s) AND merged_into_id IS NULL
"""  # noqa: S608
