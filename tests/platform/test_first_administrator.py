"""An installation without demo data has a way in: the shell makes the first administrator."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from crm.audit.models import Entry
from crm.org.models import Staff
from crm.org.permissions import Role

pytestmark = pytest.mark.django_db


def test_the_first_administrator_signs_in_and_opens_the_settings(client: Client) -> None:
    out = StringIO()
    call_command("create_administrator", "ada", name="Ada Brook", code="E0001", stdout=out, stderr=StringIO())
    password = out.getvalue().strip()
    ada = Staff.objects.get(code="E0001")
    assert (ada.name, ada.role, ada.is_active) == ("Ada Brook", Role.ADMINISTRATOR, True)
    answer = client.post("/accounts/login/", {"login": "ada", "password": password})
    assert answer.status_code == 302
    assert client.get("/settings/staff/").status_code == 200
    assert list(Entry.objects.filter(action="staff.create").values_list("actor", flat=True)) == [
        "system:shell"
    ]


@pytest.mark.parametrize(
    ("username", "code", "said"),
    [
        ("ADA", "E0002", "Somebody signs in as ADA already."),
        ("bea", "E0001", "The employee number E0001 is taken: choose another with --code."),
        ("bea", "no spaces", "Letters, digits, dot, dash; no spaces."),
    ],
)
def test_a_name_or_number_that_cannot_be_is_refused(username: str, code: str, said: str) -> None:
    call_command("create_administrator", "ada", code="E0001", stdout=StringIO(), stderr=StringIO())
    with pytest.raises(CommandError, match=said):
        call_command("create_administrator", username, code=code, stdout=StringIO(), stderr=StringIO())
    assert Staff.objects.count() == 1
