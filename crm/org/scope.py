"""Scopes: whose rows may be browsed.

Rows are scoped by store. A `Viewer` is anything that has a scope and permissions: a member of staff in the
browser or an API key of another system. Every queryset that a door loads from goes through `visible_to(viewer)`.
"""

from dataclasses import dataclass
from typing import Any, Protocol, Self

from django.db import models

from crm.org.permissions import Permission


@dataclass(frozen=True)
class Scope:
    """The stores one may see: None means the whole chain, the empty set means nothing."""

    store_ids: frozenset[int] | None

    @property
    def is_chain(self) -> bool:
        return self.store_ids is None

    def __contains__(self, store_id: int | None) -> bool:
        return self.store_ids is None or store_id in self.store_ids


CHAIN = Scope(None)


class Viewer(Protocol):
    def may(self, permission: Permission) -> bool: ...

    def scope(self) -> Scope: ...


class ScopedQuerySet(models.QuerySet):
    """A queryset whose rows are scoped by the store at `scope_path`."""

    scope_path = "store"

    def visible_to(self, viewer: Viewer) -> Self:
        """Only rows of the stores that `viewer` may see. A row without a store is the chain's."""
        scope = viewer.scope()
        if scope.store_ids is None:
            return self
        return self.filter(**{f"{self.scope_path}__in": scope.store_ids})

    @classmethod
    def scoped_by(cls, path: str) -> Any:
        """A queryset class for models whose store stands at `path`, as in `home_store` or `purchase__store`."""
        return type(f"ScopedBy_{path}", (cls,), {"scope_path": path})
