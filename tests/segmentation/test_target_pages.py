import pytest
from tests import cast
pytestmark = pytest.mark.django_db

def test_it(max_, harbour, uptown, signed_in):
    for n in range(10):
        person = cast.customer(f"H{n}", of=harbour)
        for day in range(1 + n % 5):
            cast.purchase(person, at=harbour, on=f"2026-02-{10 + n + day:02}", amount=f"{10 + n}.00")
    cast.night("2026-03-01")
    b = signed_in(max_)
    page = b.get("/segments/targets/")
    assert page.status_code == 200
    for row in page.context["rows"]:
        print(row["one"].name, row["one"].figures, row["one"].scores)
    for p in ("champions/", "how-we-choose/", "champions/edit/", "export-file/"):
        assert b.get("/segments/targets/" + p).status_code == 200
    assert 0
