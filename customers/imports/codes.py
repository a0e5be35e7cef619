"""Codes of a file that repeat, numbered as they come. They stay in memory, so there is an end to them."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from customers.imports.refusals import TooManyCodes
from customers.models import MOST_SOURCES
from customers.receiving import references

# What the largest chains have, and some. A column with more holds receipt numbers, prices or something else.
MOST = {"sources": MOST_SOURCES, "stores": 30_000, "products": 1_000_000}


class CodeBook:
    """Codes of one kind ("sources", "stores", "products") and their places. Raises TooManyCodes."""

    def __init__(self, kind: str, codes: Iterable[str] = ()) -> None:
        self.kind = kind
        self.codes = list(codes)
        self._place = {code: place for place, code in enumerate(self.codes)}

    def __getitem__(self, code: str) -> int:
        place = self._place.get(code)
        if place is None:
            if len(self.codes) >= MOST[self.kind]:
                raise TooManyCodes(self._too_many(code), self.kind)
            place = self._place[code] = len(self.codes)
            self.codes.append(code)
        return place

    def _too_many(self, code: str) -> str:
        most = MOST[self.kind]
        if self.kind == "sources":
            return references.too_many(most, code)
        if self.kind == "stores":
            return _("More than %(n)d different stores, for instance “%(code)s”: that column holds something else.") % {
                "n": most, "code": code,
            }  # fmt: skip
        return _(
            "More than %(n)d different products, for instance “%(code)s”: that column holds something else."
        ) % {"n": most, "code": code}
