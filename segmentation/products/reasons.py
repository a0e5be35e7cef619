"""Why something is suggested, in a sentence: made from the code and its parameters when it is shown."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from segmentation.products.recommending import Reason, Suggestion


def sentence(one: Suggestion) -> str:
    """ "bought every 9 days, last 8 days ago"; "goes with Tea, which they buy"; "popular at Harbour"."""
    if one.reason is Reason.GOES_WITH:
        return _("goes with %(name)s, which they buy") % {"name": one.partner}
    if one.reason is Reason.POPULAR:
        return _("popular at %(store)s") % {"store": one.store} if one.store else _("popular in the chain")
    last = _ago(one.ago)
    if one.reason is Reason.RHYTHM:
        told = ngettext("bought every day, last %(last)s", "bought every %(n)s days, last %(last)s", one.gap)
        return told % {"n": one.gap, "last": last}
    told = ngettext("bought on %(n)s day, last %(last)s", "bought on %(n)s days, last %(last)s", one.days)
    return told % {"n": one.days, "last": last}


def _ago(days: int) -> str:
    if days <= 1:
        return _("yesterday") if days == 1 else _("today")
    return _("%(n)s days ago") % {"n": days}
