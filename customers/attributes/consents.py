"""What customers agreed to, as attributes: a flag for each cell (`customers/consents/cells.py`).

The rule is that of `customers/consents/permission.py`, asked for everybody at once: each cell's words are read in one
pass, where the rule itself looks up one customer after the other. A test holds the two against each other.
"""

from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.attributes import registry
from customers.attributes.days import ZONE
from customers.attributes.kinds import Attribute, Kind, Operator, Relation
from customers.consents.cells import CELLS, NO_CONTACT, Cell
from customers.consents.permission import ADULT_AT
from customers.consents.state import OF_AGE_ONLY

WATCHES = ("customers_consent", "customers_guardian", "customers_consentrules", "org_chain")
_WORDS = """(SELECT customer_id,
        max(occurred_at) FILTER (WHERE purpose = {purpose} AND is_given) AS yes,
        max(occurred_at) FILTER (WHERE purpose = {purpose} AND is_given IS NOT TRUE) AS no,
        max(occurred_at) FILTER (WHERE purpose = 0 AND is_given = false) AS stop,
        max(occurred_at) FILTER (WHERE purpose = 0 AND is_given IS NOT FALSE) AS go
    FROM customers_consent WHERE purpose IN (0, {purpose}) AND channel IN (0, {channel}) GROUP BY customer_id)"""
_GIVEN = """({word}.yes > coalesce({word}.no, '-infinity'::timestamptz)
        AND ({word}.stop IS NULL OR {word}.go > {word}.stop){of_age}) IS TRUE"""
_OF_AGE = f""" AND (person.birthday IS NULL OR date_part('year', age(
            ({{word}}.yes AT TIME ZONE {ZONE})::date::timestamp, person.birthday::timestamp)) >= {ADULT_AT}
        OR person.id IN (SELECT customer_id FROM customers_guardian WHERE ended_at IS NULL))"""  # noqa: S608  names of ours
_STOPPED = "({word}.stop >= coalesce({word}.go, '-infinity'::timestamptz)) IS TRUE"


def code_of(cell: Cell) -> str:
    """The attribute of a cell: "consent.sms.marketing"."""
    return f"consent.{cell.code}"


def _relation(cell: Cell) -> Relation:
    name = "said_" + cell.code.replace(".", "_")
    return Relation(name, _WORDS.format(purpose=int(cell.purpose), channel=int(cell.channel)), WATCHES)


def _attribute(cell: Cell) -> Attribute:
    words = _relation(cell)
    of_age = _OF_AGE.format(word=words.name) if cell.purpose in OF_AGE_ONLY else ""
    sql = _GIVEN.format(word=words.name, of_age=of_age)
    said = {
        Operator.YES: pgettext_lazy("clause", "who agreed to “%(name)s”"),
        Operator.NO: pgettext_lazy("clause", "who did not agree to “%(name)s”"),
    }
    label = _label(cell)
    return Attribute(code_of(cell), label, "consent", Kind.FLAG, words, sql, noun=label, phrases=said)


def _no_contact() -> Attribute:
    words = _relation(NO_CONTACT)
    said = {
        Operator.YES: pgettext_lazy("clause", "who do not want to be contacted"),
        Operator.NO: pgettext_lazy("clause", "who can be contacted"),
    }
    sql = _STOPPED.format(word=words.name)
    return Attribute(
        "consent.no_contact", _("Do not contact"), "consent", Kind.FLAG, words, sql, phrases=said
    )


def _of(cell: Cell) -> str:
    return cell.label


_label = lazy(_of, str)  # in the reader's language


def fill() -> None:
    registry.offer_heading("consent", _("Consent"), 40)
    registry.offer(*map(_attribute, CELLS), _no_contact())
