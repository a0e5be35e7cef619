"""Rows of a customers file: identifiers and what is told about the person."""

import re
from collections.abc import Container, Iterator
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from crm.lib import normalise
from customers import customfields, identities
from customers.imports import consent_columns, dates
from customers.imports.columns import CUSTOM
from customers.imports.files import Block
from customers.imports.values import Reasons, as_text, coded
from customers.models import CustomField, FieldKind, IdentityKind
from customers.receiving.events import AHEAD, STORE_CODE

REASONS = Reasons(
    {
        "row_broken": _("The row has too many or too few fields, or is no JSON object."),
        "no_identifier": _(
            "No number, phone, e-mail, card, openid or account: nobody could be recognised by it."
        ),
        "member_invalid": _("number: no member number."),
        "phone_invalid": _("phone: no phone number."),
        "email_invalid": _("email: no e-mail address."),
        "card_invalid": _("card: no card number."),
        "openid_invalid": _("openid: no identifier."),
        "account_invalid": _("account: no identifier."),
        "name_invalid": _("name: longer than 120 characters, or with control characters."),
        "gender_invalid": _("gender: none of f, m, x."),
        "birthday_invalid": _(
            "birthday: no date that could be read (write 1980-12-31), or none that a living person can have."
        ),
        "household_size_invalid": _("household_size: not a number from 1 to 99."),
        "home_store_invalid": _("home_store: no store code (letters, digits, dot, dash)."),
        "enrolled_at_invalid": _(
            "enrolled_at: no date and time that exists, or before 1900 or in the future."
        ),
        "custom_invalid": _("custom: a value that its field does not take."),
        "too_long": _("One of the values is too long."),
        "identifiers_disagree": _("The identifiers of this row belong to different customers."),
        "two_members": _("Who has this phone or e-mail has another member number."),
        "two_openids": _("Who has this phone or e-mail has another openid."),
        "other_birthday": _(
            "This phone or e-mail is known with a clearly different birthday. Add the member number."
        ),
        "other_name": _(
            "This phone or e-mail is known under a clearly different name. Add the member number to change it."
        ),
        "home_store_unknown": _("home_store: no store of this chain has this code."),
        "consent_invalid": _(
            "consent: neither yes nor no, or consent_at is no date and time that exists, or in the future."
        ),
        "phone_unclear": _("phone: of which country? Write it with the country's code."),
        "birthday_ambiguous": _("birthday: this date can be read two ways; write 1980-04-03."),
        "custom_ambiguous": _("custom: this date can be read two ways; write 1980-04-03."),
    }
)
KIND_OF = {
    "number": IdentityKind.MEMBER, "phone": IdentityKind.PHONE, "phones": IdentityKind.PHONE,
    "email": IdentityKind.EMAIL, "emails": IdentityKind.EMAIL, "card": IdentityKind.CARD,
    "openid": IdentityKind.OPENID, "account": IdentityKind.ACCOUNT,
}  # fmt: skip
# The fields that are compared and written, in the order in which statements name them.
FIELDS = (
    "name", "gender", "birthday", "age_band", "income_band", "occupation", "household_size", "household",
    "household_code", "language", "address", "home_store", "enrolled_at",
)  # fmt: skip
_LONGEST = {
    "age_band": 16,
    "income_band": 24,
    "occupation": 80,
    "household": 40,
    "household_code": 40,
    "language": 10,
    "address": 200,
}
_GENDERS = {
    "f": "f", "female": "f", "w": "f", "woman": "f", "女": "f", "2": "f", "m": "m", "male": "m", "man": "m", "男": "m",
    "1": "m", "x": "x", "other": "x", "其他": "x", "o": "x",
}  # fmt: skip
_LIST = re.compile(r"[;；、|]")
_EARLIEST_BIRTH = date(1900, 1, 1)
_EARLIEST_ENROLMENT = datetime(1900, 1, 1, tzinfo=UTC)
MOST_TAGS = 50


class PersonRow(NamedTuple):
    """One row: `reason` is 0 when it is usable. `fields` holds only what the row tells."""

    row: int
    reason: int
    people: list[tuple[str, str]]
    fields: dict[str, Any]
    tags: list[str]
    words: consent_columns.Words = consent_columns.NOTHING
    is_elsewhere: bool = False  # has a phone without a country code that was read as of another country


def read(
    block: Block,
    own_names: dict[str, str],
    countries: identities.Countries,
    *,
    stores: Container[str] | None = None,
) -> Iterator[PersonRow]:
    """The block's rows. Values are read once each, where they repeat. `stores`: rows of others are refused."""
    own = [one for one in customfields.definitions() if f"{CUSTOM}{one.code}" in own_names]
    reader = _RowReader(countries, stores, own)
    columns = {name: coded(block.columns[own]) for name, own in own_names.items()}
    texts = {name: [as_text(value) for value in found] for name, (found, _place) in columns.items()}
    places = {name: place.tolist() for name, (_found, place) in columns.items()}
    for i, row in enumerate(block.rows.tolist()):
        yield reader.row(row, {name: texts[name][places[name][i]] for name in own_names})


class _Wrong(ValueError):
    pass


class _RowReader:
    def __init__(
        self, countries: identities.Countries, stores: Container[str] | None, own: list[CustomField]
    ) -> None:
        self.countries = countries
        self.own = own
        self.stores = stores
        self.today = datetime.now(UTC).date()

    def row(self, number: int, given: dict[str, str]) -> PersonRow:
        try:
            people = self._people(given)
            fields = {
                name: self._field(name, text)
                for name in FIELDS
                if (text := normalise.plain(given.get(name, "")))
            }
            if own := self._own(given):
                fields["custom"] = own
            words = self._words(given)
            tags = self._tags(given.get("tags", ""))
            return PersonRow(number, 0, people, fields, tags, words, self._is_elsewhere(given))
        except _Wrong as wrong:
            return PersonRow(number, REASONS[str(wrong)], [], {}, [])

    def _people(self, given: dict[str, str]) -> list[tuple[str, str]]:
        people: dict[tuple[str, str], None] = {}
        for column, kind in KIND_OF.items():
            for text in _LIST.split(given.get(column, "")):
                if not text.strip():
                    continue
                value = identities.normalised(kind.value, text, countries=self.countries)
                if value is None:
                    is_any = identities.readings(kind.value, text, countries=self.countries)
                    raise _Wrong(f"{kind.value}_{'unclear' if is_any else 'invalid'}")
                people[kind.value, value] = None
        if not people:
            raise _Wrong("no_identifier")
        return list(people)

    def _is_elsewhere(self, given: dict[str, str]) -> bool:
        """Looked at in rows of chains with several countries only."""
        return len(self.countries) > 1 and any(
            identities.is_elsewhere(text, self.countries)
            for column in ("phone", "phones")
            for text in _LIST.split(given.get(column, ""))
        )

    def _own(self, given: dict[str, str]) -> dict[str, Any]:
        """The chain's own fields that the row tells, by code; a blank tells nothing."""
        told: dict[str, Any] = {}
        for one in self.own:
            if text := normalise.plain(given[f"{CUSTOM}{one.code}"]):
                told[one.code] = _day(text, "custom") if one.kind == FieldKind.DATE else text
        try:
            return customfields.clean(told, self.own) if told else {}
        except customfields.InvalidCustom:
            raise _Wrong("custom_invalid") from None

    @staticmethod
    def _words(given: dict[str, str]) -> consent_columns.Words:
        try:
            return consent_columns.read(given, _moment)
        except ValueError:  # of a word or of the time
            raise _Wrong("consent_invalid") from None

    def _field(self, name: str, text: str) -> Any:  # noqa: PLR0911  a case a field
        match name:
            case "name":
                if len(text) > 120 or not text.isprintable():
                    raise _Wrong("name_invalid")
                return text
            case "gender":
                if text.lower() not in _GENDERS:
                    raise _Wrong("gender_invalid")
                return _GENDERS[text.lower()]
            case "birthday":
                return self._birthday(text)
            case "household_size":
                if not text.isdecimal() or len(text) > 2 or int(text) == 0:
                    raise _Wrong("household_size_invalid")
                return int(text)
            case "home_store":
                if not STORE_CODE.fullmatch(text):
                    raise _Wrong("home_store_invalid")
                if self.stores is not None and text not in self.stores:
                    raise _Wrong("home_store_unknown")
                return text
            case "enrolled_at":
                return _moment(text)
        if len(text) > _LONGEST[name] or not text.isprintable():
            raise _Wrong("too_long")
        return text

    def _birthday(self, text: str) -> date:
        day = _day(text, "birthday")
        if not _EARLIEST_BIRTH <= day <= self.today:
            raise _Wrong("birthday_invalid")
        return day

    @staticmethod
    def _tags(text: str) -> list[str]:
        tags = sorted({normalise.plain(tag) for tag in _LIST.split(text)} - {""})
        if len(tags) > MOST_TAGS or any(len(tag) > 60 or not tag.isprintable() for tag in tags):
            raise _Wrong("too_long")
        return tags


def _day(text: str, column: str) -> date:
    try:
        return dates.read(text)
    except dates.AmbiguousDate:
        raise _Wrong(f"{column}_ambiguous") from None
    except ValueError:
        raise _Wrong(f"{column}_invalid") from None


def _moment(text: str) -> datetime:
    """A date alone, or a time without an offset, is read as UTC."""
    try:
        at = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        raise _Wrong("enrolled_at_invalid") from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not _EARLIEST_ENROLMENT <= at <= now() + AHEAD:
        raise _Wrong("enrolled_at_invalid")
    return at
