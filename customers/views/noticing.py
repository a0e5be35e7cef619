"""What this app's notices say, and where they lead: looked up when they are read, by what the reader may see."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.notices import kinds
from crm.notices.kinds import Kind, Shown
from crm.notices.models import Notice
from crm.org.models import Staff
from customers.models import Customer, Note, WorkItem


def fill() -> None:
    for kind in KINDS:
        kinds.register(kind)


def _mentioned(reader: Staff, notices: list[Notice]) -> dict[int, Shown]:
    notes = (
        Note.objects.visible_to(reader)
        .standing()
        .filter(pk__in=_subjects(notices))
        .select_related("customer")
    )
    known = {note.pk: note for note in notes}
    names = _names(notice.params.get("by") for notice in notices)
    return {
        one.pk: (
            _("%(name)s mentions you in a note on %(customer)s")
            % {"name": _who(names, one), "customer": _called(note.customer)},
            reverse("customers:customer", args=[note.customer.public_id]) + "#notes",
        )
        for one in notices
        if (note := known.get(_subject(one)))
    }


def _given(reader: Staff, notices: list[Notice]) -> dict[int, Shown]:
    items, names = _items(reader, notices), _names(notice.params.get("by") for notice in notices)
    found = {}
    for one in notices:
        if count := one.params.get("count"):
            words = ngettext(
                "%(name)s gives you %(n)d follow-up", "%(name)s gives you %(n)d follow-ups", count
            )
            found[one.pk] = (words % {"name": _who(names, one), "n": count}, reverse("customers:work"))
        elif item := items.get(_subject(one)):
            told = {"name": _who(names, one), "title": item.title, "customer": _called(item.customer)}
            found[one.pk] = (_("%(name)s gives you: %(title)s · %(customer)s") % told, _address(item))
    return found


def _due(reader: Staff, notices: list[Notice]) -> dict[int, Shown]:
    return _about_items(reader, notices, gettext_lazy("Due: %(title)s · %(customer)s"))


def _overdue(reader: Staff, notices: list[Notice]) -> dict[int, Shown]:
    return _about_items(reader, notices, gettext_lazy("Overdue since yesterday: %(title)s · %(customer)s"))


def _about_items(reader: Staff, notices: list[Notice], words: object) -> dict[int, Shown]:
    items = _items(reader, notices)
    return {
        one.pk: (str(words) % {"title": item.title, "customer": _called(item.customer)}, _address(item))
        for one in notices
        if (item := items.get(_subject(one)))
    }


def _items(reader: Staff, notices: list[Notice]) -> dict[int, WorkItem]:
    rows = WorkItem.objects.visible_to(reader).filter(pk__in=_subjects(notices)).select_related("customer")
    return {item.pk: item for item in rows}


def _address(item: WorkItem) -> str:
    return reverse("customers:work-item", args=[item.public_id])


def _called(customer: Customer) -> str:
    return customer.name or customer.public_id


def _names(ids: Iterable[int | None]) -> dict[int, str]:
    return dict(Staff.objects.filter(pk__in={one for one in ids if one}).values_list("pk", "name"))


def _who(names: dict[int, str], notice: Notice) -> str:
    return names.get(notice.params.get("by") or 0) or _("Somebody")


def _subject(notice: Notice) -> int:
    number = notice.about.rpartition(":")[2]
    return int(number) if number.isdigit() else 0


def _subjects(notices: list[Notice]) -> list[int]:
    return [_subject(one) for one in notices]


KINDS = (
    Kind("note.mention", gettext_lazy("Somebody mentions me in a note"), icon="at", show=_mentioned, order=1),
    Kind(
        "work.given", gettext_lazy("Somebody gives me a follow-up"), icon="user-check", show=_given, order=2
    ),
    Kind("work.due", gettext_lazy("A follow-up of mine is due"), icon="clock", show=_due, order=3),
    Kind(
        "work.overdue",
        gettext_lazy("A follow-up of mine is a day late"),
        icon="clock-exclamation",
        show=_overdue,
        order=4,
    ),
)
