"""The texts that ask for consent: versions by purpose, channel and language. A change is a new version.

Every cell has a text in every language from the start; an administrator replaces it by the chain's own.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.audit import trail
from crm.lib import normalise
from crm.lib.refusals import Fault, Refusal
from customers.consents.cells import CELLS, Cell
from customers.models import ContactChannel, Purpose, Wording

LONGEST = 1000
UNKNOWN = "unknown/"  # of texts that nobody knows any more: "unknown/import"
_MARKETING = {
    ContactChannel.PHONE: gettext_lazy("You may call me about offers and news. I can stop this at any time."),
    ContactChannel.SMS: gettext_lazy("Send me offers and news by SMS. I can stop this at any time."),
    ContactChannel.EMAIL: gettext_lazy("Send me offers and news by e-mail. I can stop this at any time."),
    ContactChannel.WECHAT: gettext_lazy("Send me offers and news on WeChat. I can stop this at any time."),
    ContactChannel.PUSH: gettext_lazy("Show me offers and news in the app. I can stop this at any time."),
    ContactChannel.POST: gettext_lazy("Send me offers and news by post. I can stop this at any time."),
}
_SERVICE = {
    ContactChannel.PHONE: gettext_lazy("You may call me with reminders and to ask whether I was content."),
    ContactChannel.SMS: gettext_lazy("Send me reminders and short surveys by SMS."),
    ContactChannel.EMAIL: gettext_lazy("Send me reminders and short surveys by e-mail."),
    ContactChannel.WECHAT: gettext_lazy("Send me reminders and short surveys on WeChat."),
    ContactChannel.PUSH: gettext_lazy("Show me reminders and short surveys in the app."),
    ContactChannel.POST: gettext_lazy("Send me reminders by post."),
}
_OTHERS = {
    Purpose.PROFILING: gettext_lazy("You may learn from what I buy and look at, so that offers fit me."),
    Purpose.SHARING: gettext_lazy(
        "You may pass my contact details on to partners of the chain for their offers."
    ),
}


class InvalidWording(Refusal):
    code: ClassVar[str] = "invalid_wording"


def _built_in(cell: Cell) -> Any:
    if cell.purpose == Purpose.MARKETING:
        return _MARKETING[cell.channel]
    return _SERVICE[cell.channel] if cell.purpose == Purpose.SERVICE else _OTHERS[cell.purpose]


def current(language: str, cells: Iterable[Cell] = CELLS) -> dict[Cell, Wording]:
    """The texts to show in this language, by cell: one query once they have been shown before."""
    wanted, spoken = list(cells), spoken_language(language)
    rows = Wording.objects.filter(language=spoken, purpose__isnull=False).order_by("version")
    found = {Cell(Purpose(row.purpose or 0), ContactChannel(row.channel or 0)): row for row in rows}
    if missing := [cell for cell in wanted if cell not in found]:
        with trail.first_use("customers.wording"):
            found |= {cell: _first(cell, spoken) for cell in missing}
    return {cell: found[cell] for cell in wanted}


def shown(codes: Mapping[Cell, str]) -> dict[Cell, Wording]:
    """The wordings of these codes, where they are the cell's own; others are left out."""
    found = {row.code: row for row in Wording.objects.filter(code__in=codes.values())}
    rows = {cell: found[code] for cell, code in codes.items() if code in found}
    return {cell: row for cell, row in rows.items() if (row.purpose, row.channel) == cell}


def spoken_language(language: str | None) -> str:
    """One of the languages that texts exist in."""
    known = dict(settings.LANGUAGES)
    return language if language in known else settings.LANGUAGE_CODE


def find(code: str) -> Wording:
    """The wording of this code; those that begin with "unknown/" are made on first use. Raises InvalidWording."""
    found = Wording.objects.filter(code=code).first()
    if found is None and code.startswith(UNKNOWN) and len(code) <= 60 and code.isprintable():
        with trail.first_use("customers.wording"):
            found = Wording.objects.get_or_create(code=code)[0]
    if found is None:
        raise InvalidWording(
            _("There is no such wording."), faults=(Fault("/wording", _("There is no such wording.")),)
        )
    return found


def change(cell: Cell, language: str, text: str, *, by: Any) -> Wording:
    """Make `text` the wording from now on: a new version, unless it is the present one's. Raises InvalidWording."""
    text = normalise.plain(text)
    if not text or len(text) > LONGEST or not text.isprintable():
        words = _("From 1 to %(n)d characters.") % {"n": LONGEST}
        raise InvalidWording(words, faults=(Fault("/text", words),))
    now = current(language, [cell])[cell]
    if now.text == text:
        return now
    try:
        with transaction.atomic():
            made = _make(cell, now.language, now.version + 1, text, trail.actor_name(by))
            trail.record("wording.change", made, by=by, details={"code": made.code, "from": now.code})
    except IntegrityError:
        raise InvalidWording(_("Somebody else changed this meanwhile.")) from None
    return made


def _first(cell: Cell, language: str) -> Wording:
    with translation.override(language):
        text = str(_built_in(cell))
    return Wording.objects.get_or_create(
        purpose=cell.purpose, channel=cell.channel, language=language, version=1,
        defaults={"code": _code(cell, language, 1), "text": text},
    )[0]  # fmt: skip


def _make(cell: Cell, language: str, version: int, text: str, by: str) -> Wording:
    return Wording.objects.create(
        purpose=cell.purpose, channel=cell.channel, language=language, version=version, text=text, created_by=by,
        code=_code(cell, language, version),
    )  # fmt: skip


def _code(cell: Cell, language: str, version: int) -> str:
    return f"{cell.code}.{language}.{version}"
