"""Chain, regions, stores, departments, staff."""

import secrets
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.lib.publicid import PublicId
from crm.org.permissions import CHAIN_WIDE, Permission, Role, grants
from crm.org.scope import CHAIN, Scope, ScopedQuerySet

code_validator = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$", _("Letters, digits, dot, dash; no spaces.")
)


def validate_timezone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError(
            _("“%(value)s” is not a time zone, such as Asia/Shanghai."), params={"value": value}
        )


def _new_key() -> str:
    return secrets.token_hex(32)


class Chain(models.Model):
    """The one chain of this installation: its name, currency and clock."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    name = models.CharField(_("name"), max_length=120, default="Regulars")
    currency = models.CharField(
        _("currency"), max_length=3, default="USD", help_text=_("ISO 4217, such as CNY.")
    )
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_timezone])
    country = models.CharField(
        _("country"),
        max_length=2,
        default="US",
        help_text=_("For phone numbers written without a country code."),
    )
    more_countries = models.CharField(
        _("further countries"),
        max_length=60,
        blank=True,
        default="",
        db_default="",
        help_text=_(
            "Such as CN, HK: a phone without a country code that is none of the first country is read as of these. "
            "Those of your stores' time zones count by themselves."
        ),
    )
    demo_source = models.CharField(max_length=400, blank=True, default="", editable=False)
    public_id_key = models.CharField(max_length=64, default=_new_key, editable=False)

    class Meta:
        verbose_name = _("chain")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="chain_is_one")]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> "Chain":
        """The chain's row, made on first use."""
        found = cls.objects.filter(id=1).first()
        if found is None:
            from crm.audit import trail  # rests on this module

            with trail.first_use("org.chain"):
                found = cls.objects.get_or_create(id=1)[0]
        return found


@lru_cache(maxsize=64)
def _public_id(prefix: str, key: str) -> PublicId:
    return PublicId(prefix, bytes.fromhex(key))


_key_cache: dict[str, str] = {}


def public_id(prefix: str) -> PublicId:
    """The coder of public ids of one kind. The chain's key never changes, so a process reads it once a database."""
    database = str(settings.DATABASES["default"]["NAME"])
    if database not in _key_cache:
        _key_cache[database] = Chain.current().public_id_key
    return _public_id(prefix, _key_cache[database])


class Region(models.Model):
    code = models.CharField(_("code"), max_length=32, unique=True, validators=[code_validator])
    name = models.CharField(_("name"), max_length=120)

    class Meta:
        verbose_name = _("region")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class StoreQuerySet(ScopedQuerySet):
    scope_path = "pk"


class Store(models.Model):
    """A shop of the chain, or its web shop. A stub was named by a receipt before anybody entered it."""

    code = models.CharField(_("code"), max_length=32, unique=True, validators=[code_validator])
    name = models.CharField(_("name"), max_length=120)
    region = models.ForeignKey(
        Region, models.PROTECT, related_name="stores", null=True, blank=True, verbose_name=_("region")
    )
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_timezone])
    opening_hours = models.JSONField(
        _("opening hours"),
        default=dict,
        blank=True,
        help_text=_("Weekday (mon … sun) to a list of [from, to] times; past midnight is allowed."),
    )
    is_online = models.BooleanField(_("web shop"), default=False)
    is_stub = models.BooleanField(_("not entered yet"), default=False, editable=False)
    is_active = models.BooleanField(_("open"), default=True)

    objects = StoreQuerySet.as_manager()

    class Meta:
        verbose_name = _("store")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class Department(models.Model):
    """A part of head office or of a store: customer service, produce, logistics."""

    code = models.CharField(_("code"), max_length=32, unique=True, validators=[code_validator])
    name = models.CharField(_("name"), max_length=120)
    store = models.ForeignKey(
        Store, models.PROTECT, null=True, blank=True, related_name="departments", verbose_name=_("store")
    )

    class Meta:
        verbose_name = _("department")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class StaffQuerySet(ScopedQuerySet):
    def visible_to(self, viewer):  # type: ignore[no-untyped-def]
        """Colleagues of one's stores; the chain sees all."""
        scope = viewer.scope()
        return self if scope.store_ids is None else self.filter(stores__in=scope.store_ids).distinct()


class Staff(models.Model):
    """A person who works for the chain. Their role says what they may do, their stores or region where."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="staff", null=True, blank=True
    )
    code = models.CharField(_("employee number"), max_length=32, unique=True, validators=[code_validator])
    name = models.CharField(pgettext_lazy("person", "name"), max_length=120)
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    region = models.ForeignKey(
        Region, models.PROTECT, null=True, blank=True, related_name="staff", verbose_name=_("region")
    )
    stores = models.ManyToManyField(Store, blank=True, related_name="staff", verbose_name=_("stores"))
    department = models.ForeignKey(
        Department, models.SET_NULL, null=True, blank=True, related_name="staff", verbose_name=_("department")
    )
    language = models.CharField(
        _("language"), max_length=10, blank=True, default="", choices=settings.LANGUAGES
    )
    timezone = models.CharField(
        _("time zone"), max_length=64, blank=True, default="", validators=[validate_timezone]
    )
    theme = models.CharField(_("theme"), max_length=5, blank=True, default="")
    is_active = models.BooleanField(_("works here"), default=True)
    is_demo = models.BooleanField(default=False, editable=False)

    objects = StaffQuerySet.as_manager()

    class Meta:
        verbose_name = _("member of staff")
        verbose_name_plural = _("staff")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    def may(self, permission: Permission) -> bool:
        return self.is_active and permission in grants(self.role)

    def scope(self) -> Scope:
        return self._scope

    @cached_property
    def _scope(self) -> Scope:
        if not self.is_active:
            return Scope(frozenset())
        if self.role in CHAIN_WIDE:
            return CHAIN
        if self.role == Role.REGIONAL_MANAGER:
            stores = (
                Store.objects.filter(region_id=self.region_id) if self.region_id else Store.objects.none()
            )
        elif "own_stores" in self.__dict__:  # read along with the person (crm/ui/staff.py)
            return Scope(frozenset(self.__dict__["own_stores"]))
        else:
            stores = self.stores.all()
        return Scope(frozenset(stores.values_list("pk", flat=True)))
