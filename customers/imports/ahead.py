"""One step ahead: while one block is worked on, the next is made in a thread beside it.

What runs there is Arrow and numpy (which let other threads run) and no database.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.utils import translation

Item = TypeVar("Item")
_END: Any = object()


def ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The same items; the next one is made while the caller has this one."""
    iterator, language = iter(items), translation.get_language()

    def following() -> Item:
        # A refusal speaks the caller's language, which threads do not inherit.
        with translation.override(language):
            return next(iterator, _END)

    with ThreadPoolExecutor(1, thread_name_prefix="import-ahead") as beside:
        coming = beside.submit(following)
        while (item := coming.result()) is not _END:
            coming = beside.submit(following)
            yield item
