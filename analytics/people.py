"""The customers behind a number of an analysis.

A sum counts everybody who bought in the stores looked at; the list shows those of them whom the viewer may see, who are
the customers of the viewer's stores.
"""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from analytics.reading import rows
from crm.org.scope import Viewer
from customers.models import Customer


def behind(viewer: Viewer, statement: Any, values: Mapping[str, Any]) -> QuerySet[Customer]:
    """The customers whose ids a statement yields, in no order.

    The statement is asked once, as analyses are (`by_range`); pages and counts then look at its numbers.
    """
    ids = [customer for (customer,) in rows(statement, values)]
    chosen = RawSQL("SELECT unnest(%s::bigint[])", [ids])
    return Customer.objects.visible_to(viewer).filter(pk__in=chosen).select_related("home_store")
