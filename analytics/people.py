"""The customers behind a number of an analysis.

A sum counts everybody who bought in the stores looked at; the list shows those of them whom the viewer may see, who are
the customers of the viewer's stores.
"""

import re
from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from crm.org.scope import Viewer
from customers.models import Customer

_PLACE = re.compile(r"%\((\w+)\)s")


def behind(viewer: Viewer, statement: Any, values: Mapping[str, Any]) -> QuerySet[Customer]:
    """The customers whose ids a statement yields, in no order. Parameters are named in it and travel beside it."""
    names = _PLACE.findall(str(statement))
    chosen = RawSQL(_PLACE.sub("%s", str(statement)), [values[name] for name in names])  # noqa: S611  ours
    return Customer.objects.visible_to(viewer).filter(pk__in=chosen).select_related("home_store")
