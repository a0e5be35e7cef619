"""What is bought in the little shop (`shopping.py`)."""

import pytest

from crm.org.models import Store
from customers.models import Customer
from tests import cast
from tests.segmentation.shopping import NIGHT, day, shop


@pytest.fixture
def goods(harbour: Store) -> dict[str, int]:
    return shop(harbour)


@pytest.fixture
def bought(irina: Customer, harbour: Store, goods: dict[str, int]) -> dict[str, int]:
    for back in (49, 39, 29, 19, 9):
        cast.purchase(irina, at=harbour, on=day(back), lines=[("TEA", "2", "8.00")])
    for n in range(8):
        person = cast.customer(f"Person {n}", of=harbour)
        cast.purchase(person, at=harbour, on=day(30), lines=[("TEA", "1", "4.00"), ("MILK", "1", "1.50")])
        cast.purchase(person, at=harbour, on=day(3), lines=[("HONEY", "1", "9.00")])
    return goods


@pytest.fixture
def night(bought: dict[str, int]) -> dict[str, int]:
    cast.night(NIGHT)
    return bought
