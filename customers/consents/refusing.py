"""Whether the customer of a row refuses something, for statements that the ORM writes."""

from typing import Any

from django.db.models import BooleanField, Func

from customers.consents.permission import refusal


class Refuses(Func):
    """True where the customer was asked about the cell and has no yes that holds (`refusal`), asked at that moment.

    `customer`: an expression that gives their number. For rows of any table, in sub-selects, too.
    """

    output_field = BooleanField()
    arity = 1

    def __init__(self, customer: Any, channel: str | int | None, purpose: str | int) -> None:
        super().__init__(customer)
        self._rule = refusal(channel, purpose)

    def as_sql(self, compiler: Any, connection: Any, *_args: Any, **_more: Any) -> Any:
        customer, values = compiler.compile(self.source_expressions[0])
        asked = f"EXISTS (SELECT FROM customers_customer c WHERE c.id = {customer} AND {self._rule})"
        return asked, values
