"""The words of which sentences about segments are made. They are looked up when they are told: the language is the
reader's. `n` decides between one and many.
"""

from typing import Any

from django.utils.translation import npgettext_lazy, pgettext_lazy

from customers.attributes import Operator

_O = Operator

ASKED: dict[Operator, Any] = {
    _O.IS: pgettext_lazy("clause", "whose %(name)s is %(value)s"),
    _O.IS_NOT: pgettext_lazy("clause", "whose %(name)s is not %(value)s"),
    _O.AT_LEAST: pgettext_lazy("clause", "whose %(name)s is at least %(value)s"),
    _O.AT_MOST: pgettext_lazy("clause", "whose %(name)s is at most %(value)s"),
    _O.BETWEEN: pgettext_lazy("clause", "whose %(name)s is between %(low)s and %(high)s"),
    _O.ON: pgettext_lazy("clause", "whose %(name)s is on %(value)s"),
    _O.BEFORE: pgettext_lazy("clause", "whose %(name)s is before %(value)s"),
    _O.AFTER: pgettext_lazy("clause", "whose %(name)s is after %(value)s"),
    _O.LAST_DAYS: npgettext_lazy(
        "clause", "whose %(name)s was in the last %(value)s day", "whose %(name)s was in the last %(value)s days", "n"
    ),
    _O.NEXT_DAYS: npgettext_lazy(
        "clause", "whose %(name)s is in the next %(value)s day", "whose %(name)s is in the next %(value)s days", "n"
    ),
    _O.LONGER_AGO: npgettext_lazy(
        "clause", "whose %(name)s was more than %(value)s day ago", "whose %(name)s was more than %(value)s days ago",
        "n",
    ),
    _O.ANY_OF: pgettext_lazy("clause", "whose %(name)s is %(value)s"),
    _O.NONE_OF: pgettext_lazy("clause", "whose %(name)s is not %(value)s"),
    _O.HAS_ANY: pgettext_lazy("clause", "whose %(name)s include %(value)s"),
    _O.HAS_ALL: pgettext_lazy("clause", "whose %(name)s include %(value)s"),
    _O.HAS_NONE: pgettext_lazy("clause", "whose %(name)s do not include %(value)s"),
    _O.YES: pgettext_lazy("clause", "whose “%(name)s” is yes"),
    _O.NO: pgettext_lazy("clause", "whose “%(name)s” is not yes"),
    _O.CONTAINS: pgettext_lazy("clause", "whose %(name)s contains %(value)s"),
    _O.STARTS_WITH: pgettext_lazy("clause", "whose %(name)s starts with %(value)s"),
    _O.KNOWN: pgettext_lazy("clause", "whose %(name)s is known"),
    _O.UNKNOWN: pgettext_lazy("clause", "whose %(name)s is not known"),
}  # fmt: skip
FIELDS: dict[Operator, Any] = {
    _O.IS: pgettext_lazy("field", "%(name)s %(value)s"),
    _O.IS_NOT: pgettext_lazy("field", "%(name)s not %(value)s"),
    _O.AT_LEAST: pgettext_lazy("field", "%(name)s at least %(value)s"),
    _O.AT_MOST: pgettext_lazy("field", "%(name)s at most %(value)s"),
    _O.BETWEEN: pgettext_lazy("field", "%(name)s between %(low)s and %(high)s"),
    _O.ANY_OF: pgettext_lazy("field", "%(name)s %(value)s"),
    _O.NONE_OF: pgettext_lazy("field", "%(name)s not %(value)s"),
    _O.YES: pgettext_lazy("field", "%(name)s"),
    _O.NO: pgettext_lazy("field", "not %(name)s"),
    _O.KNOWN: pgettext_lazy("field", "%(name)s known"),
    _O.UNKNOWN: pgettext_lazy("field", "%(name)s not known"),
}
# The usual ways to narrow what was done; by field and operator.
PLACED: dict[tuple[str, Operator], Any] = {
    ("category", _O.ANY_OF): pgettext_lazy("goods", " from %(value)s"),
    ("brand", _O.ANY_OF): pgettext_lazy("goods", " of the brand %(value)s"),
    ("product", _O.ANY_OF): pgettext_lazy("goods", " of %(value)s"),
    ("store", _O.ANY_OF): pgettext_lazy("goods", " in %(value)s"),
    ("region", _O.ANY_OF): pgettext_lazy("goods", " in the region %(value)s"),
    ("channel", _O.ANY_OF): pgettext_lazy("goods", " through the channel %(value)s"),
    ("weekday", _O.ANY_OF): pgettext_lazy("goods", " on a %(value)s"),
    ("is_discounted", _O.YES): pgettext_lazy("goods", " with a discount"),
    ("is_discounted", _O.NO): pgettext_lazy("goods", " without a discount"),
}
# What stands right after the verb: who bought milk. Of pieces it follows: at least 3 pieces of milk.
OBJECTS: dict[tuple[str, Operator], Any] = {
    ("product", _O.ANY_OF): pgettext_lazy("object", " %(value)s"),
    ("brand", _O.ANY_OF): pgettext_lazy("object", " goods of the brand %(value)s"),
    ("coupon", _O.ANY_OF): pgettext_lazy("object", " (%(value)s)"),
}
AMOUNTS: dict[Operator, Any] = {
    _O.AT_LEAST: pgettext_lazy("amount", "at least %(n)s"),
    _O.AT_MOST: pgettext_lazy("amount", "at most %(n)s"),
    _O.IS: pgettext_lazy("amount", "exactly %(n)s"),
    _O.BETWEEN: pgettext_lazy("amount", "%(low)s to %(high)s"),
}
MEASURED: dict[str, Any] = {
    "times": npgettext_lazy("measure", " %(much)s time", " %(much)s times", "n"),
    "days": npgettext_lazy("measure", " on %(much)s day", " on %(much)s days", "n"),
    "quantity": npgettext_lazy("measure", " %(much)s piece", " %(much)s pieces", "n"),
    "amount": pgettext_lazy("measure", " for %(much)s in all"),
    "points": npgettext_lazy("measure", " (%(much)s point)", " (%(much)s points)", "n"),
}
WINDOWS: dict[str, Any] = {
    "last_days": npgettext_lazy("time", " in the last %(days)s day", " in the last %(days)s days", "n"),
    "longer_ago": npgettext_lazy("time", " more than %(days)s day ago", " more than %(days)s days ago", "n"),
    "between": pgettext_lazy("time", " between %(since)s and %(until)s"),
    "on": pgettext_lazy("time", " on %(since)s"),
}
