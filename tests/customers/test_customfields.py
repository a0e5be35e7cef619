"""Fields that an administrator defines: what they take, in which form it is kept, who sees them."""

from datetime import date
from typing import Any

import pytest

from crm.org.models import Staff
from crm.org.permissions import Role
from customers import customfields
from customers.attributes import custom
from customers.customfields import InvalidCustom
from customers.models import Customer, CustomField

pytestmark = pytest.mark.django_db


@pytest.fixture
def fields() -> list[CustomField]:
    choices = [
        {"code": "s", "label": "Small"},
        {"code": "l", "label": "Large"},
        {"code": "xl", "label": "Huge", "is_retired": True},
    ]
    rows = [
        CustomField(code="motto", label="Motto", kind="text", order=1),
        CustomField(code="height", label="Height", kind="number", order=2),
        CustomField(code="wedding", label="Wedding", kind="date", order=3),
        CustomField(code="size", label="Size", label_zh_hans="尺码", kind="choice", choices=choices, order=4),
        CustomField(code="vegan", label="Vegan", kind="flag", order=5),
    ]
    return CustomField.objects.bulk_create(rows)


@pytest.mark.parametrize(
    ("code", "told", "kept"),
    [
        ("motto", "  carpe   diem ", "carpe diem"),
        ("motto", "", None),
        ("height", "1.80", "1.8"),
        ("height", 180, "180"),
        ("height", "1e3", "1000"),
        ("height", "-0", "0"),
        ("wedding", "2020-02-29", "2020-02-29"),
        ("wedding", date(2020, 2, 29), "2020-02-29"),
        ("size", "l", "l"),
        ("size", "large", "l"),
        ("vegan", True, True),
        ("vegan", "no", False),
        ("vegan", "是", True),
        ("vegan", None, None),
    ],
)
def test_values_take_their_ordinary_form(fields: Any, code: str, told: Any, kept: Any) -> None:
    assert customfields.clean({code: told}) == {code: kept}


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("motto", 7),
        ("motto", "a\u0007b"),
        ("motto", "x" * 201),
        ("height", "tall"),
        ("height", "nan"),
        ("height", "1e12"),
        ("height", "1e1000000"),
        ("height", "-1e1000000"),
        ("height", "1e-1000000"),
        ("height", "0.00001"),
        ("height", True),
        ("wedding", "2020-02-30"),
        ("wedding", "yesterday"),
        ("size", "xl"),
        ("size", "medium"),
        ("vegan", "maybe"),
        ("unknown", "x"),
    ],
)
def test_what_is_not_of_its_kind_is_refused_at_its_place(fields: Any, code: str, told: Any) -> None:
    with pytest.raises(InvalidCustom) as refusal:
        customfields.clean({code: told, "motto": "fine"} if code != "motto" else {code: told})
    assert [fault.pointer for fault in refusal.value.faults] == [f"/custom/{code}"]


def test_a_retired_choice_stays_with_who_has_it(fields: Any) -> None:
    assert customfields.clean({"size": "xl"}, held={"size": "xl"}) == {"size": "xl"}


def test_an_archived_field_takes_nothing(fields: Any, noon: Any) -> None:
    CustomField.objects.filter(code="motto").update(archived_at=noon)
    with pytest.raises(InvalidCustom):
        customfields.clean({"motto": "x"})
    assert [one.code for one in customfields.definitions()] == ["height", "wedding", "size", "vegan"]


def test_what_must_be_filled_in(fields: Any) -> None:
    CustomField.objects.filter(code="height").update(is_required=True)
    with pytest.raises(InvalidCustom):
        customfields.clean({"height": ""})
    faults = customfields.missing({"motto": "x"}, customfields.definitions())
    assert [fault.pointer for fault in faults] == ["/custom/height"]


def test_a_role_sees_its_fields(fields: Any, chen: Staff, ana: Staff) -> None:
    CustomField.objects.filter(code="height").update(roles=[Role.ADMINISTRATOR])
    assert "height" not in [one.code for one in customfields.definitions(chen)]
    assert "height" in [one.code for one in customfields.definitions(ana)]


def test_attributes_are_typed_expressions(fields: Any, irina: Customer, yusuf: Customer) -> None:
    irina.custom = {"height": "1.8", "wedding": "2020-02-29", "vegan": True, "size": "xl"}
    irina.save()
    found = {one.code: one for one in custom.attributes()}
    options = found["custom.size"].options
    assert options is not None
    assert options() == {"s": "Small", "l": "Large", "xl": "Huge"}
    read = {code: _read(one.sql) for code, one in found.items()}
    assert read["custom.height"] == [(irina.pk, pytest.approx(1.8)), (yusuf.pk, None)]
    assert read["custom.wedding"] == [(irina.pk, date(2020, 2, 29)), (yusuf.pk, None)]
    assert read["custom.vegan"] == [(irina.pk, True), (yusuf.pk, None)]
    assert read["custom.motto"] == [(irina.pk, None), (yusuf.pk, None)]
    assert customfields.holders("size") == 1


def _read(sql: str) -> list[Any]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, {sql} FROM customers_customer person ORDER BY id")
        return [
            (row[0], float(row[1]) if row[1].__class__.__name__ == "Decimal" else row[1]) for row in cursor
        ]
