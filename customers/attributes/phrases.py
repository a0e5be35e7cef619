"""How sentences ask days that are over ("was") and days that are expected. `name` is the attribute's noun; `n` decides
between one and many.
"""

from typing import Any

from django.utils.translation import npgettext_lazy, pgettext_lazy

from customers.attributes.kinds import Operator

_O = Operator
WAS: dict[Operator, Any] = {
    _O.ON: pgettext_lazy("clause", "whose %(name)s was on %(value)s"),
    _O.BEFORE: pgettext_lazy("clause", "whose %(name)s was before %(value)s"),
    _O.AFTER: pgettext_lazy("clause", "whose %(name)s was after %(value)s"),
    _O.BETWEEN: pgettext_lazy("clause", "whose %(name)s was between %(low)s and %(high)s"),
}  # fmt: skip
EXPECTED: dict[Operator, Any] = {
    _O.LAST_DAYS: npgettext_lazy(
        "clause", "whose %(name)s was expected in the last %(value)s day",
        "whose %(name)s was expected in the last %(value)s days", "n",
    ),
    _O.NEXT_DAYS: npgettext_lazy(
        "clause", "whose %(name)s is expected in the next %(value)s day",
        "whose %(name)s is expected in the next %(value)s days", "n",
    ),
    _O.LONGER_AGO: npgettext_lazy(
        "clause", "whose %(name)s was expected more than %(value)s day ago",
        "whose %(name)s was expected more than %(value)s days ago", "n",
    ),
    _O.ON: pgettext_lazy("clause", "whose %(name)s is expected on %(value)s"),
    _O.BEFORE: pgettext_lazy("clause", "whose %(name)s is expected before %(value)s"),
    _O.AFTER: pgettext_lazy("clause", "whose %(name)s is expected after %(value)s"),
    _O.BETWEEN: pgettext_lazy("clause", "whose %(name)s is expected between %(low)s and %(high)s"),
    _O.KNOWN: pgettext_lazy("clause", "whose %(name)s can be foretold"),
    _O.UNKNOWN: pgettext_lazy("clause", "whose %(name)s cannot be foretold"),
}  # fmt: skip
