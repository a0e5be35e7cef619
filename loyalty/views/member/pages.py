"""The pages of a member: card, points, coupons, preferences."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from crm.lib import qr
from customers import cards, consents, profile
from customers.views import consentforms
from customers.views.public import contacts_of
from loyalty import familywords, glance, history, movementwords
from loyalty.coupons import codes, holding, sentences
from loyalty.models import Unit
from loyalty.storedvalue import reading
from loyalty.storedvalue import words as storedwords
from loyalty.tiers.standing import standing
from loyalty.views.member.base import BY, MemberView, OpenView
from loyalty.views.member.receipts import arithmetic
from loyalty.views.member.signing import sign_in

ROWS = 15
A_YEAR = 365 * 24 * 3600
BACK = ("home", "points", "coupons", "preferences", "codes", "friends", "family", "rewards", "stored")


class Home(OpenView):
    """The card, or the way to sign in."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if self.member is None:
            return self.show("member/sign_in.html", sign_in())
        at, code = timezone.now(), cards.of(self.member)
        context = {
            "title": _("My card"), "now": glance.read(self.member.pk, at), "told": standing(self.member, at),
            "at": at, "code": cards.shown(code), "picture": mark_safe(qr.svg(code)) if code else "",  # noqa: S308
            "is_new_code": "new" in request.GET,
        }  # fmt: skip
        return self.show("member/card.html", context)


class Card(MemberView):
    """POST makes a new code for the card; the one before opens nothing any more."""

    def post(self, request: HttpRequest) -> HttpResponse:
        if self.is_too_often("member-cards", 20):
            return self.slower()
        cards.renew(self.me, by=BY)
        return self.go("home", "?new=")


class Points(MemberView):
    """The balance with what ends when, and every movement, with the arithmetic of receipts in words."""

    def get(self, request: HttpRequest) -> HttpResponse:
        at, after = timezone.now(), request.GET.get("after", "")[:40]
        page = history.page(history.Asked(self.me.pk, Unit.POINTS), after=after, limit=ROWS)
        told = arithmetic(self.me.pk, page.moves)
        notes = familywords.notes(self.me.pk, page.moves, familywords.of_members)
        rows: list[tuple[Any, ...]] = [
            (one, movementwords.of(one.kind, one.points), told.get(one.id, []), notes.get(one.id, ""))
            for one in page.moves
        ]
        context = {"title": _("My points"), "rows": rows, "next": page.next, "is_first": not after}
        if not after:
            context["now"] = glance.read(self.me.pk, at)
        return self.show("member/points.html", context)


class Stored(MemberView):
    """What is there to pay with, and every act in words."""

    def get(self, request: HttpRequest) -> HttpResponse:
        found, after = reading.acts(self.me.pk, after=request.GET.get("after", "")[:40], limit=ROWS)
        context = {
            "title": _("My stored value"), "rows": [(one, storedwords.of(one)) for one in found], "next": after,
            "now": glance.read(self.me.pk, timezone.now()), "is_first": not request.GET.get("after"),
        }  # fmt: skip
        return self.show("member/stored.html", context)


class Coupons(MemberView):
    """What can be used now, with its code and its terms."""

    def get(self, request: HttpRequest) -> HttpResponse:
        held = holding.usable(self.me.pk, timezone.now(), None)
        words: dict[Any, str] = {}
        for one in held:
            words.setdefault(one.rules, sentences.sentence(one.rules))
        rows = [(one, codes.shown(one.code), words[one.rules]) for one in held]
        return self.show("member/coupons.html", {"title": _("My coupons"), "rows": rows})


class Preferences(MemberView):
    """What they agreed to, and the language in which they are spoken to."""

    def get(self, request: HttpRequest) -> HttpResponse:
        standing_now = consents.state_of(self.me)
        context = {
            "title": _("My preferences"), "standing": standing_now, "contacts": contacts_of(self.me),
            "groups": consentforms.groups(standing_now, request.LANGUAGE_CODE or ""), "is_done": "done" in request.GET,
        }  # fmt: skip
        return self.show("member/preferences.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        words = consentforms.choices(consents.state_of(self.me), request.POST)
        consents.record_many(self.me, words, source="member-page", by=BY, at=None)
        return self.go("preferences", "?done=")


class Language(OpenView):
    """POST: the language of these pages, and of what is sent to the member."""

    def post(self, request: HttpRequest) -> HttpResponse:
        back = request.POST.get("back", "")
        response = self.go(back if back in BACK else "home")
        language = request.POST.get("language", "")
        if language in dict(settings.LANGUAGES):
            name = settings.LANGUAGE_COOKIE_NAME
            response.set_cookie(name, language, max_age=A_YEAR, samesite="Lax")
            if self.member is not None and self.member.language != language:
                profile.change(self.member.pk, {"language": language}, by=BY)
        return response
