"""What a match shares with the set, in words."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from crm.org.models import Store
from customers.models import Gender
from segmentation.clusters import kinds, naming

_NAMES = frozenset({"age", "gender", "store", "household", "joined", "web"})


class Words:
    """For a page of matches: names are read once."""

    def __init__(self, codes: Iterable[str]) -> None:
        told = set(codes)
        stores = {int(code.split(":")[1].rstrip("+-")) for code in told if code.startswith("store:")}
        self._stores = dict(Store.objects.filter(pk__in=stores).values_list("pk", "name"))
        self._categories = kinds.category_names(told)

    def of(self, codes: Iterable[str]) -> str:
        """As a list in a sentence; of none: that none stands out."""
        return _(", ").join(self.word(code) for code in codes) or _("no trait that stands out")

    def word(self, code: str) -> str:
        name, _colon, value = code.partition(":")
        if name in _NAMES:
            is_less, value = value.endswith("-"), value.rstrip("+-")
            word = self._profile(name, value)
            return _("not: %(trait)s") % {"trait": word} if is_less else word
        return naming.words([code], self._categories)[0]

    def label(self, code: str) -> str:
        """What a trait is called, whether much or little."""
        if code.partition(":")[0] in _NAMES:
            return self.word(code)
        return str(kinds.of(code, self._categories).label)

    def _profile(self, name: str, value: str) -> str:
        told: dict[str, Any] = {
            "age": lambda: _age(int(value)),
            "gender": lambda: str(dict(Gender.choices).get(value, value)),
            "store": lambda: self._stores.get(int(value), value),
            "household": lambda: _household(int(value)),
            "joined": lambda: _("joined by the form") if value == "2" else _("enrolled by staff or import"),
            "web": lambda: _("on the web lately"),
        }
        return str(told[name]())


def _age(low: int) -> str:
    return (
        _("aged %(a)s or more") % {"a": low}
        if low >= 80
        else _("aged %(a)s to %(b)s") % {"a": low, "b": low + 9}
    )


def _household(size: int) -> str:
    return (
        _("household of %(n)s or more") % {"n": size} if size >= 5 else _("household of %(n)s") % {"n": size}
    )
