"""Rows that belong to a customer.

Everything that a customer owns (purchases, lines, scores, ...) carries the customer, and a link between two owned
rows joins on the customer too. On one machine this costs nothing; on a distributed database (rows placed by
customer) it keeps every join on one node. `docs/decisions/` tells the rest.
"""

import contextlib
from collections.abc import Iterator
from enum import Enum
from functools import cached_property
from typing import Any, ClassVar

from django.db import models
from django.db.models.fields.related_descriptors import (
    ForwardManyToOneDescriptor,
    ReverseManyToOneDescriptor,
)


class OnMerge(Enum):
    """What becomes of the rows of a customer who is merged into another."""

    CARRY = "carry"  # they become the survivor's, with their ids
    UNITE = "unite"  # the same, except for those whose key the survivor has already
    DROP = "drop"  # they go: derived, and derived anew for the survivor
    STAY = "stay"  # they remain with the merged customer: history of what was known then


class Owned(models.Model):
    """A row of a customer. The customer of a row never changes: a merge deletes and re-inserts."""

    on_merge: ClassVar[OnMerge] = OnMerge.CARRY

    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        abstract = True


def move_rows(cur: Any) -> None:
    """Let rows that are otherwise only added be taken out, until the end of the transaction: for merge, un-merge and
    erasure alone. The triggers of such tables look for this setting."""
    cur.execute("SELECT set_config('regulars.moves_rows', 'on', true)")


@contextlib.contextmanager
def rows_move(cur: Any, *, moves: bool = True) -> Iterator[None]:
    """The same for a while; `moves=False`: kept to the rules for a while. Afterwards it is as it was."""
    cur.execute("SELECT coalesce(current_setting('regulars.moves_rows', true), '')")
    (before,) = cur.fetchone()
    cur.execute(_MOVES, ["on" if moves else "off"])
    yield
    cur.execute(_MOVES, [before])


_MOVES = "SELECT set_config('regulars.moves_rows', %s, true)"


class _Forward(ForwardManyToOneDescriptor):
    """`line.purchase`, also when prefetched for many lines."""

    def get_prefetch_querysets(self, instances: Any, querysets: Any = None) -> Any:
        queryset = querysets[0] if querysets else self.get_queryset(instance=instances[0])
        return super().get_prefetch_querysets(instances, [_of_customers(queryset, instances)])


class _Reverse(ReverseManyToOneDescriptor):
    """`purchase.lines`, also when prefetched for many purchases."""

    @cached_property
    def related_manager_cls(self) -> Any:
        class Manager(super().related_manager_cls):  # type: ignore[misc]
            def __init__(self, instance: Any) -> None:
                super().__init__(instance)
                self.core_filters["customer_id"] = instance.customer_id

            def get_prefetch_querysets(self, instances: Any, querysets: Any = None) -> Any:
                queryset = querysets[0] if querysets else self.model._default_manager.get_queryset()
                return super().get_prefetch_querysets(instances, [_of_customers(queryset, instances)])

        return Manager


def _of_customers(queryset: Any, instances: Any) -> Any:
    if (
        queryset.query.is_sliced
    ):  # "the first lines of each purchase": Django turns the limit into a window itself
        return queryset
    return queryset.filter(customer_id__in={instance.customer_id for instance in instances})


class OwnedForeignKey(models.ForeignKey):
    """A link between two rows of the same customer; joins on (link, customer).

    The column holds the target's id as usual. What the ORM derives from the link (joins in both directions, the
    descriptors, prefetching) names the customer on both sides, so the planner (and the router of a distributed
    database) can stay within one customer. A filter by the link alone (`filter(purchase=…)`) does not: hot paths add
    the customer themselves. There is no database constraint: it would ask for a unique index on the target's id alone,
    which owned tables must not have.
    """

    related_accessor_class = _Reverse
    forward_related_accessor_class = _Forward

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs.setdefault("db_index", False)
        kwargs.setdefault("db_constraint", False)
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs["db_index"] = self.db_index  # type: ignore[attr-defined]
        return name, path, args, kwargs

    def get_extra_descriptor_filter(self, instance: models.Model) -> dict[str, Any]:
        """`line.purchase` looks the purchase up by id and customer."""
        return {"customer_id": instance.customer_id}  # type: ignore[attr-defined]

    def get_extra_restriction(self, alias: str | None, related_alias: str | None) -> Any:
        """Adds `related.customer_id = this.customer_id` to every join through this link.

        Django asks with the alias of the joined table first and that of the joining one second; reverse joins ask
        through the same method with the two swapped by the relation.
        """
        if alias is None or related_alias is None:
            return None
        remote: Any = self.remote_field.model._meta.get_field("customer")
        local: Any = self.model._meta.get_field("customer")
        return _same(remote.get_col(alias), local.get_col(related_alias))


def _same(left: Any, right: Any) -> Any:
    from django.db.models.lookups import Exact
    from django.db.models.sql.where import WhereNode

    condition: Any = Exact(left, right)
    return WhereNode([condition])
