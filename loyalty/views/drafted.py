"""Publishing what a simulation tried: forms of what is live, filled in from its draft (`?draft=12`)."""

from django.http import HttpRequest

from loyalty.models import Simulation
from loyalty.simulation import drafts
from loyalty.simulation.drafts import Draft


def of(request: HttpRequest) -> Draft | None:
    """The draft that the address names."""
    asked = request.GET.get("draft", "")
    one = Simulation.objects.filter(pk=asked).first() if asked.isdecimal() and len(asked) < 19 else None
    return drafts.of(one) if one else None
