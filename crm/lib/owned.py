"""Rows that belong to a customer.

Everything that a customer owns (purchases, lines, scores, ...) carries the customer, and a link between two owned
rows joins on the customer too. On one machine this costs nothing; on a distributed database (rows placed by
customer) it keeps every join on one node. `docs/decisions/` tells the rest.
"""

from typing import Any

from django.db import models


class Owned(models.Model):
    """A row of a customer. The customer of a row never changes: a merge deletes and re-inserts."""

    customer = models.ForeignKey(
        "customers.Customer", on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        abstract = True


class OwnedForeignKey(models.ForeignKey):
    """A link between two rows of the same customer; joins on (link, customer).

    The column holds the target's id as usual; ORM joins and reverse look-ups add `customer_id = customer_id`, so the
    planner (and the router of a distributed database) can stay within one customer. There is no database constraint:
    it would ask for a unique index on the target's id alone, which owned tables must not have.
    """

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs.setdefault("db_index", False)
        kwargs.setdefault("db_constraint", False)
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        kwargs["db_index"] = self.db_index
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
        remote = self.remote_field.model._meta.get_field("customer").get_col(alias)
        local = self.model._meta.get_field("customer").get_col(related_alias)
        return _same(remote, local)


def _same(left: Any, right: Any) -> Any:
    from django.db.models.lookups import Exact
    from django.db.models.sql.where import WhereNode

    return WhereNode([Exact(left, right)])
