"""The shelf as the engine behind counts and samples (`segmentation.segments.evaluating`).

numpy is imported with the first question, so a process that counts no segment never pays for it.
"""

from collections.abc import Sequence
from typing import Any

from crm.org.scope import Viewer
from customers.attributes import Moment
from segmentation.segments.tree import Node


class ShelfEngine:
    def counts(self, trees: Sequence[Node], viewer: Viewer | None, at: Moment) -> list[int] | None:
        standing = _standing(at)
        return standing.counts(trees, _stores(viewer)) if standing else None

    def everybody(self, tree: Node, at: Moment) -> list[int] | None:
        standing = _standing(at)
        return standing.ids(tree).tolist() if standing else None

    def some(self, tree: Node, viewer: Viewer | None, at: Moment, size: int) -> list[int] | None:
        """Evenly spread over their row numbers, which follow the time when they came."""
        standing = _standing(at)
        if standing is None:
            return None
        ids = standing.ids(tree, _stores(viewer))
        size = min(size, len(ids))
        return [int(ids[(2 * i + 1) * len(ids) // (2 * size)]) for i in range(size)]


def _standing(at: Moment) -> Any:
    from segmentation.models import ShelfPointer

    if not ShelfPointer.objects.exists():
        return None
    from segmentation.shelf import answering

    return answering.standing(at)


def _stores(viewer: Viewer | None) -> frozenset[int] | None:
    return viewer.scope().store_ids if viewer else None
