"""Follow-ups about customers: what is to be done, by whom, until when, and what came of it."""

from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from crm.lib.owned import Owned
from crm.org.models import Staff, Store, public_id
from crm.org.scope import ScopedQuerySet


def in_language(texts: dict[str, str]) -> str:
    """The text in the reader's language; else in the first language that has one."""
    return texts.get(get_language() or "") or next((text for text in texts.values() if text), "")


class WorkKind(models.Model):
    """A kind of follow-up, with the script that is shown while it is done. `names`, `scripts`: language to text."""

    code = models.SlugField(_("code"), max_length=32, unique=True)
    names = models.JSONField(default=dict)
    scripts = models.JSONField(default=dict)
    icon = models.CharField(max_length=40, default="checkbox")
    order = models.PositiveSmallIntegerField(default=100)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("kind of work")
        ordering = ["order", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return in_language(self.names) or self.code

    @property
    def script(self) -> str:
        return in_language(self.scripts)


class WorkResult(models.Model):
    """What may come of a kind of follow-up. `again`: a next one is made, for a time that is asked for."""

    kind = models.ForeignKey(WorkKind, models.PROTECT, related_name="results")
    code = models.SlugField(_("code"), max_length=32)
    names = models.JSONField(default=dict)
    again = models.BooleanField(_("makes a next one"), default=False)
    order = models.PositiveSmallIntegerField(default=100)
    is_active = models.BooleanField(_("in use"), default=True)

    class Meta:
        verbose_name = _("result")
        ordering = ["order", "id"]
        constraints = [models.UniqueConstraint("kind", "code", name="workresult_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return in_language(self.names) or self.code


class WorkBatch(models.Model):
    """Many at once: items made from a list, or handed over together. `before`: item to former owner, of a hand-over."""

    kind = models.CharField(max_length=12)  # "created", "handed"
    title = models.CharField(max_length=160, blank=True, default="")
    count = models.IntegerField(default=0)
    before = models.JSONField(default=dict)
    to = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    made_by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("follow-ups for many")

    def __str__(self) -> str:
        return self.title


class Priority(models.IntegerChoices):
    HIGH = 1, _("High")
    NORMAL = 2, _("Normal")
    LOW = 3, _("Low")


class WorkState(models.IntegerChoices):
    OPEN = 1, pgettext_lazy("state", "Open")
    SNOOZED = 2, _("Snoozed")
    DONE = 3, _("Done")
    CANCELLED = 4, _("Cancelled")


class WorkItemQuerySet(ScopedQuerySet):
    scope_path = "customer__home_store"

    def open(self) -> Self:
        """To be done still, now or later."""
        return self.filter(state__lt=WorkState.DONE)

    def of_stores(self, store_ids: Any) -> Self:
        """Of these stores (None: of all), by the item's own store: what the index is ordered by."""
        return self if store_ids is None else self.filter(store__in=store_ids)


class WorkItem(Owned):
    """One follow-up about a customer. Without an owner it is anybody's of its store.

    Snoozing moves `due_at`; `promised_at` keeps the first time. A snoozed item is due again by itself when its time has
    come. The store is the customer's home store and follows it (`workdue.follow_customers`).
    """

    kind = models.ForeignKey(WorkKind, models.PROTECT, related_name="+", db_index=False)
    title = models.CharField(_("what is to be done"), max_length=160)
    script = models.TextField(_("script"), blank=True, default="")  # in place of the kind's
    due_at = models.DateTimeField(_("due"))
    promised_at = models.DateTimeField()
    store = models.ForeignKey(Store, models.PROTECT, null=True, related_name="+", db_index=False)
    owner = models.ForeignKey(
        Staff, models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    priority = models.SmallIntegerField(_("priority"), choices=Priority.choices, default=Priority.NORMAL)
    state = models.SmallIntegerField(choices=WorkState.choices, default=WorkState.OPEN)
    about = models.CharField(max_length=80, blank=True, default="")  # what made it: "customers.workitem:3"
    batch_id = models.BigIntegerField(null=True)  # no constraint: batches are local
    result = models.ForeignKey(WorkResult, models.PROTECT, null=True, related_name="+", db_index=False)
    note = models.TextField(blank=True, default="")
    next_id = models.BigIntegerField(null=True)  # what its result made
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now())
    ended_by = models.CharField(max_length=80, blank=True, default="")
    ended_at = models.DateTimeField(null=True)

    objects = WorkItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("follow-up")
        indexes = [
            models.Index(fields=["customer", "-id"], name="work_by_customer"),
            models.Index(fields=["owner", "due_at", "id"], condition=Q(state__lt=3), name="work_of_owner"),
            models.Index(fields=["store", "due_at", "id"], condition=Q(state__lt=3), name="work_of_store"),
            models.Index(fields=["due_at"], condition=Q(state__lt=3), name="work_due"),
            models.Index(fields=["store", "-ended_at", "-id"], condition=Q(state__gt=2), name="work_ended"),
            models.Index(fields=["batch_id"], condition=Q(batch_id__isnull=False), name="work_of_batch"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__lt=3, ended_at=None, result=None) | Q(state__gt=2, ended_at__isnull=False),
                name="work_ended_when",
            ),
            models.CheckConstraint(condition=Q(state=3) | Q(result=None), name="work_result_when_done"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """What stands in addresses and API answers, such as wrk_0f3k9w2mxq7t."""
        return public_id("wrk").encode(self.pk)

    @staticmethod
    def row_id(text: str) -> int | None:
        return public_id("wrk").decode(text)

    @property
    def is_open(self) -> bool:
        return self.state < WorkState.DONE

    @property
    def words(self) -> str:
        """What to say or do: its own script, else the kind's."""
        return self.script or self.kind.script
