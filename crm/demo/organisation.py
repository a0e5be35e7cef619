"""The demo chain's regions, stores, departments and staff. What is there already is left as it is."""

from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import transaction

from crm.audit import trail
from crm.demo.journey import SOURCE
from crm.demo.places import REGIONS, Place
from crm.org.models import Chain, Department, Region, Staff, Store
from crm.org.permissions import Role

CHAIN_NAME = "Regulars Market"
# code, name, the store whose department it is (None: head office)
DEPARTMENTS = (
    ("SERVICE", "Customer service", None),
    ("MARKETING", "Marketing", None),
    ("IT", "Systems", None),
    ("HARB-TILLS", "Harbour tills", "HARB"),
    ("HARB-FRESH", "Harbour fresh food", "HARB"),
    ("UPTN-TILLS", "Uptown tills", "UPTN"),
)
# user name (or none), employee number, name, role, store, region, department, language
STAFF = (
    ("clerk", "E1021", "Chen Wei", Role.CLERK, "HARB", None, "HARB-TILLS", ""),
    ("agent", "E1034", "Amara Okoye", Role.AGENT, "HARB", None, "SERVICE", ""),
    ("manager", "E1007", "Marta Silva", Role.STORE_MANAGER, "HARB", None, "HARB-TILLS", ""),
    ("regional", "E0412", "Lin Yue", Role.REGIONAL_MANAGER, None, "COAST", None, ""),
    ("marketer", "E0203", "Sofia Marek", Role.MARKETER, None, None, "MARKETING", ""),
    ("analyst", "E0217", "Idris Vale", Role.ANALYST, None, None, "MARKETING", ""),
    ("admin", "E0001", "Ada Brook", Role.ADMINISTRATOR, None, None, "IT", ""),
    (None, "E1008", "Uma Rowan", Role.STORE_MANAGER, "UPTN", None, "UPTN-TILLS", ""),
    (None, "E1022", "Luis Hale", Role.CLERK, "UPTN", None, "UPTN-TILLS", ""),
)


@transaction.atomic
def set_up(places: Iterable[Place]) -> None:
    """Make the chain a demo chain with these stores. Run again: adds what is missing, changes nothing."""
    Chain.current()
    made = Chain.objects.filter(pk=1, demo_source="").update(
        name=CHAIN_NAME, currency="USD", timezone="America/New_York", country="US", demo_source=SOURCE
    )
    Region.objects.bulk_create(
        [Region(code=code, name=name) for code, name, _zone in REGIONS], ignore_conflicts=True
    )
    regions = dict(Region.objects.values_list("code", "pk"))
    Store.objects.bulk_create(
        [
            Store(
                code=place.code,
                name=place.name,
                region_id=regions[place.region],
                timezone=place.timezone,
                opening_hours=place.opening_hours,
            )
            for place in places
        ],
        ignore_conflicts=True,
    )
    _add_departments()
    _add_staff(regions)
    if made:
        trail.record("demo.load", "org.chain:1", by="system:load_demo", details={"source": SOURCE})


def _add_departments() -> None:
    stores = dict(Store.objects.filter(code__in=("HARB", "UPTN")).values_list("code", "pk"))
    rows = [
        Department(code=code, name=name, store_id=stores.get(store or ""))
        for code, name, store in DEPARTMENTS
    ]
    Department.objects.bulk_create(rows, ignore_conflicts=True)


def _add_staff(regions: dict[str, int]) -> None:
    known = set(Staff.objects.values_list("code", flat=True))
    missing = [person for person in STAFF if person[1] not in known]
    if not missing:
        return
    password = make_password(
        settings.DEMO_PASSWORD
    )  # one for all: it is public, and hashing is slow on purpose
    departments = dict(Department.objects.values_list("code", "pk"))
    stores = dict(Store.objects.filter(code__in=("HARB", "UPTN")).values_list("code", "pk"))
    for username, code, name, role, store, region, department, language in missing:
        person = Staff.objects.create(
            user_id=_user(username, name, role, password) if username else None,
            code=code,
            name=name,
            role=role,
            region_id=regions[region] if region else None,
            department_id=departments[department] if department else None,
            language=language,
            is_demo=True,
        )
        if store:
            person.stores.add(stores[store])


def _user(username: str, name: str, role: Role, password: str) -> int:
    """A demo account. Its password is public on purpose: production refuses to start while one works."""
    first, _, last = name.partition(" ")
    is_admin = role == Role.ADMINISTRATOR
    user, made = get_user_model().objects.get_or_create(
        username=username,
        defaults={
            "first_name": first,
            "last_name": last,
            "email": f"{username}@example.org",
            "is_staff": is_admin,
            "is_superuser": is_admin,
            "password": password,
        },
    )
    if not made and hasattr(user, "staff"):
        raise ValueError(f"the user name {username} belongs to somebody else")
    return user.pk
