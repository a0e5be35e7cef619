"""Values of a description: from JSON to numbers, days and codes, and whether they can be."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from customers.attributes import Kind, Operator
from segmentation.segments.tree import Value, Window

MOST_VALUES = 1_000
LONGEST_TEXT, LARGEST, LONGEST_DAYS = 200, Decimal(10) ** 12, 36_500


class Bad(Exception):
    """A value that cannot be read; the message is for people."""


def read(operator: Operator, kind: Kind, value: Any) -> Value:
    match operator.takes:
        case "nothing":
            if value is not None:
                raise Bad(_("Nothing is wanted here."))
            return None
        case "days":
            return days(value)
        case "two":
            if not isinstance(value, list) or len(value) != 2:
                raise Bad(_("Two values are wanted here."))
            low, high = (_scalar(kind, one) for one in value)
            if low > high:
                raise Bad(_("The first is larger than the second."))
            return (low, high)
        case "many":
            if not isinstance(value, list) or not 0 < len(value) <= MOST_VALUES:
                raise Bad(_("Choose one at least."))
            return tuple(sorted({_text(one) for one in value}))
        case _:
            return _scalar(kind, value)


def _scalar(kind: Kind, value: Any) -> Any:
    if kind in (Kind.NUMBER, Kind.MONEY):
        return _number(value)
    return _date(value) if kind == Kind.DATE else _text(value)


def _number(value: Any) -> Decimal:
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
            raise InvalidOperation
        number = Decimal(str(value))
    except InvalidOperation:
        raise Bad(_("A number is wanted here.")) from None
    if not number.is_finite() or abs(number) >= LARGEST:
        raise Bad(_("A number is wanted here."))
    return round(number, 4).normalize() + 0


def _date(value: Any) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise Bad(_("A date is wanted here, such as 2026-11-21.")) from None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT or "\0" in value:
        raise Bad(_("A text is wanted here."))
    return value.strip()


def days(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= LONGEST_DAYS:
        raise Bad(_("A number of days is wanted here."))
    return value


def window(given: Any) -> Window:
    if given == {}:
        return Window()
    if not isinstance(given, dict) or len(given) != 1:
        raise Bad(_("A time is wanted here, such as the last 90 days."))
    ((kind, value),) = given.items()
    if kind in ("last_days", "longer_ago"):
        return Window(kind, days(value))
    if kind == "between" and isinstance(value, list) and len(value) == 2:
        since, until = (_date(one) for one in value)
        if since > until:
            raise Bad(_("The first is larger than the second."))
        return Window(kind, since=since, until=until)
    raise Bad(_("A time is wanted here, such as the last 90 days."))


def beyond(operator: Operator, asked: Any, value: Any) -> str:
    """What a number that an attribute, field or measure can never have is told; "" if it can."""
    if operator.takes not in ("one", "two") or asked.kind not in (Kind.NUMBER, Kind.MONEY):
        return ""
    least, most = asked.bounds()
    told = value if isinstance(value, tuple) else (value,)
    if all((least is None or one >= least) and (most is None or one <= most) for one in told):
        return ""
    if most is None:
        return _("A number from %(least)s on is wanted here.") % {"least": least}
    return _("A number from %(least)s to %(most)s is wanted here.") % {"least": least, "most": most}
