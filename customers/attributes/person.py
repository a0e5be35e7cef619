"""What is known of the person: who they are, where they belong, how they can be recognised, their tags."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import npgettext_lazy, pgettext_lazy

from crm.org.models import Region, Store
from crm.privacy.masking import Sight, What, sight
from customers.attributes import days, registry
from customers.attributes.kinds import PERSON, Attribute, Kind, Operator, Relation
from customers.attributes.phrases import WAS
from customers.models import Gender, Tag

HOME = Relation("home", "org_store", ("org_store",), on="home.id = person.home_store_id")
IDENTITIES = Relation(
    "known_by",
    """(SELECT customer_id, bool_or(kind = 'phone') AS phone, bool_or(kind = 'email') AS email,
        bool_or(kind = 'openid') AS wechat, bool_or(kind = 'card') AS card, bool_or(kind = 'account') AS account,
        bool_or(kind = 'member') AS member
    FROM customers_identity GROUP BY customer_id)""",
    ("customers_identity",),
)
TAGS = Relation(
    "tagged",
    "(SELECT customer_id, array_agg(tag_id) AS tags FROM customers_customertag GROUP BY customer_id)",
    ("customers_customertag",),
)
# PostgreSQL keeps a birthday of 29 February on the 28th where there is no 29th, as gifts do (loyalty/tiers/birthdays).
_YEARS = "make_interval(years => (extract(year FROM %(on)s::date) - extract(year FROM person.birthday))::int{more})"
# Who sees birthdays as bands alone can ask by band alone: a few narrow questions would tell the day.
_AGE = "extract(year FROM age(%(on)s::date::timestamp, person.birthday::timestamp))::int"
_THIS = f"(person.birthday + {_YEARS.format(more='')})::date"
_NEXT = f"(person.birthday + {_YEARS.format(more=' + 1')})::date"


def sees_birthdays(viewer: Any) -> bool:
    return sight(viewer, What.BIRTHDAY) is Sight.FULL


def stores() -> Mapping[str, Any]:
    return {str(pk): name for pk, name in Store.objects.order_by("name", "pk").values_list("pk", "name")}


def regions() -> Mapping[str, Any]:
    return {str(pk): name for pk, name in Region.objects.order_by("name", "pk").values_list("pk", "name")}


def _tags() -> Mapping[str, Any]:
    return {str(pk): name for pk, name in Tag.objects.order_by("name", "pk").values_list("pk", "name")}


def _decades() -> Mapping[str, Any]:
    return {str(low): f"{low}–{low + 9}" for low in range(0, 120, 10)}


def _months() -> Mapping[str, Any]:
    from django.utils.dates import MONTHS

    return {str(number): name for number, name in MONTHS.items()}


def _text(code: str, label: Any, column: str, also: Any = "") -> Attribute:
    sql = f"nullif(person.{column}, '')"
    return Attribute(f"person.{code}", label, "person", Kind.TEXT, PERSON, sql, also=also)


def _has(code: str, label: Any, yes: Any, no: Any, also: Any = "") -> Attribute:
    sql = f"coalesce(known_by.{code}, false)"
    said = {Operator.YES: yes, Operator.NO: no}
    return Attribute(
        f"person.has_{code}", label, "identity", Kind.FLAG, IDENTITIES, sql, phrases=said, also=also
    )


ATTRIBUTES = (
    Attribute(
        "person.age", _("Age"), "person", Kind.NUMBER, PERSON,
        _AGE, unit="years", least=0, most=150, sees=sees_birthdays, is_guarded=True,
        phrases={
            Operator.BETWEEN: pgettext_lazy("clause", "who are between %(low)s and %(high)s years old"),
            Operator.AT_LEAST: npgettext_lazy(
                "clause", "who are at least %(value)s year old", "who are at least %(value)s years old", "n"
            ),
            Operator.AT_MOST: npgettext_lazy(
                "clause", "who are at most %(value)s year old", "who are at most %(value)s years old", "n"
            ),
            Operator.IS: npgettext_lazy(
                "clause", "who are %(value)s year old", "who are %(value)s years old", "n"
            ),
            Operator.IS_NOT: npgettext_lazy(
                "clause", "who are not %(value)s year old", "who are not %(value)s years old", "n"
            ),
        },
        also=pgettext_lazy("search", "how old, year of birth, born"),
    ),
    Attribute(
        "person.birthday", _("Next birthday"), "person", Kind.DATE, PERSON,
        f"CASE WHEN {_THIS} >= %(on)s::date THEN {_THIS} ELSE {_NEXT} END", sees=sees_birthdays,
        is_guarded=True,
        help=_("The day of the birthday that comes next; today counts."),
        also=pgettext_lazy("search", "date of birth, born"),
    ),
    Attribute(
        "person.birth_month", _("Month of birth"), "person", Kind.CHOICE, PERSON,
        "extract(month FROM person.birthday)::int", _months, is_numbered=True, sees=sees_birthdays,
        is_guarded=True,
    ),
    Attribute(
        "person.age_decade", _("Age by tens of years"), "person", Kind.CHOICE, PERSON, f"{_AGE} / 10 * 10", _decades,
        is_numbered=True,
    ),
    Attribute(
        "person.gender", _("Gender"), "person", Kind.CHOICE, PERSON, "nullif(person.gender, '')",
        lambda: dict(Gender.choices),
        also=pgettext_lazy("search", "sex, man, woman, male, female"),
    ),
    Attribute(
        "person.language", _("Language"), "person", Kind.CHOICE, PERSON, "nullif(person.language, '')",
        lambda: dict(settings.LANGUAGES),
    ),
    _text("age_band", pgettext_lazy("attribute", "Age band"), "age_band"),
    _text("income", _("Income band"), "income_band", also=pgettext_lazy("search", "salary, earnings")),
    _text("occupation", _("Occupation"), "occupation", also=pgettext_lazy("search", "job, profession, work")),
    _text("household", _("Kind of household"), "household"),
    Attribute(
        "person.household_size", _("People in the household"), "person", Kind.NUMBER, PERSON, "person.household_size",
        noun=_("number of people in the household"), least=0,
        also=pgettext_lazy("search", "family, children"),
    ),
    Attribute(
        "person.tags", _("Tags"), "person", Kind.CHOICES, TAGS, "coalesce(tagged.tags, '{}')", _tags,
        is_numbered=True,
        phrases={
            Operator.HAS_ANY: pgettext_lazy("clause", "who are tagged %(value)s"),
            Operator.HAS_ALL: pgettext_lazy("clause", "who are tagged %(value)s"),
            Operator.HAS_NONE: pgettext_lazy("clause", "who are not tagged %(value)s"),
        },
        also=pgettext_lazy("search", "label, mark"),
    ),
    Attribute(
        "person.home_store", _("Home store"), "place", Kind.CHOICE, PERSON, "person.home_store_id", stores,
        is_numbered=True,
        also=pgettext_lazy("search", "city, town, branch, shop, location"),
    ),
    Attribute(
        "person.region", _("Region of the home store"), "place", Kind.CHOICE, HOME, "home.region_id", regions,
        is_numbered=True, noun=_("home store's region"),
        phrases={
            Operator.ANY_OF: pgettext_lazy("clause", "whose home store is in the region %(value)s"),
            Operator.NONE_OF: pgettext_lazy("clause", "whose home store is not in the region %(value)s"),
        },
        also=pgettext_lazy("search", "city, town, area, district, location"),
    ),
    Attribute(
        "person.is_member", _("Enrolled"), "identity", Kind.FLAG, PERSON, "NOT person.is_stub",
        phrases={
            Operator.YES: pgettext_lazy("clause", "who are enrolled"),
            Operator.NO: pgettext_lazy("clause", "who are not enrolled"),
        },
        also=pgettext_lazy("search", "member, registered, signed up"),
    ),
    Attribute(
        "person.member_since", _("Member since"), "identity", Kind.DATE, PERSON, days.day("person.enrolled_at"),
        noun=_("enrolment"), phrases=WAS,
        also=pgettext_lazy("search", "registered, joined, signed up"),
    ),
    _has(
        "phone", _("Has a phone number"), pgettext_lazy("clause", "who have a phone number"),
        pgettext_lazy("clause", "who have no phone number"),
        also=pgettext_lazy("search", "mobile, telephone, SMS"),
    ),
    _has(
        "email", _("Has an e-mail address"), pgettext_lazy("clause", "who have an e-mail address"),
        pgettext_lazy("clause", "who have no e-mail address"),
    ),
    _has(
        "wechat", _("Has WeChat"), pgettext_lazy("clause", "who have WeChat"),
        pgettext_lazy("clause", "who have no WeChat"),
    ),
    _has(
        "card", _("Has a card"), pgettext_lazy("clause", "who have a card"), pgettext_lazy("clause", "who have no card")
    ),
    _has(
        "account", _("Has an account in the web shop"), pgettext_lazy("clause", "who have an account in the web shop"),
        pgettext_lazy("clause", "who have no account in the web shop"),
        also=pgettext_lazy("search", "online shop, login, e-commerce"),
    ),
)  # fmt: skip


def fill() -> None:
    registry.offer_heading("person", pgettext_lazy("attributes", "Person"), 10)
    registry.offer_heading("place", pgettext_lazy("attributes", "Place"), 20)
    registry.offer_heading("identity", _("Membership and reachability"), 30)
    registry.offer(*ATTRIBUTES)
