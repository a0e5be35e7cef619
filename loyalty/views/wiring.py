"""What loyalty puts on the pages of customers and into the timeline."""

from django.utils.translation import gettext_lazy as _

from crm.org.permissions import Permission
from crm.ui import slots
from customers.views import counter
from loyalty import touches
from loyalty.views import till


def fill() -> None:
    may = Permission.VIEW_LOYALTY
    for place, build in (
        ("customer.main", till.on_their_page),
        ("counter.found", till.at_the_counter),
        ("customer.served", till.at_the_counter),
    ):
        slots.offer(place, slots.Panel("points", "loyalty/till.html", build, may, order=5))
    slots.add_column(counter.COLUMNS, slots.Column("points", _("Points"), till.in_hits, may))
    touches.fill()
