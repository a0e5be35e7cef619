"""Rows of a receipts file, read into numbers: one row is one line of a receipt, or of a return.

Codes that repeat (sources, stores, products) become places in the file's code book; the rest stays text.
"""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from crm.lib import normalise
from customers import identities
from customers.imports import values
from customers.imports.codes import CodeBook
from customers.imports.columns import blank
from customers.imports.files import Block
from customers.imports.values import Faults, Reasons, as_text
from customers.receiving import events

REASONS = Reasons(
    {
        "row_broken": _("The row has too many or too few fields, or is no JSON object."),
        "external_id_invalid": _("external_id: empty, or longer than 120 characters."),
        "source_invalid": _("source: longer than 40 characters."),
        "store_invalid": _("store: no store code (letters, digits, dot, dash)."),
        "store_unknown": _("store: no store of this chain has this code."),
        "date_impossible": _("occurred_at: no date and time that exists."),
        "date_out_of_time": _("occurred_at: before 1990 or in the future."),
        "product_invalid": _("product: empty, or longer than 64 characters."),
        "quantity_invalid": _("quantity: not a number with up to 3 decimals."),
        "quantity_not_positive": _("quantity: must be greater than zero; goods brought back are a return."),
        "amount_invalid": _("amount: not an amount with up to 2 decimals."),
        "amount_negative": _("amount: must not be negative; goods brought back are a return."),
        "discount_invalid": _("discount: not an amount of zero or more with up to 2 decimals."),
        "line_invalid": _("line: not a number from 1 to 32767."),
        "channel_invalid": _("channel: neither store nor online."),
        "customer_kind_invalid": _("customer_kind: no kind of identifier."),
        "customer_invalid": _("customer_value: no identifier of its kind."),
        "staff_invalid": _("staff: longer than 32 characters."),
        "payments_invalid": _("payments: not of the form “card:12.50;cash:3.00”."),
        "receipt_invalid": _("receipt_source, receipt_external_id: one is missing or too long."),
        "rows_disagree": _("Rows of one receipt name different stores, times, customers or staff."),
        "line_twice": _("The same line number stands there twice with different content."),
        "too_many_lines": _("A receipt with more than 2000 lines."),
        "receipt_incomplete": _("Another row of this receipt was rejected."),
        "receipt_conflict": _("This receipt was received before with other content."),
        "return_conflict": _("This return was received before with other content."),
        "return_exceeds_receipt": _("More than was bought; kept aside in the quarantine."),
        "return_line_unknown": _("The receipt has no such line; kept aside in the quarantine."),
        "too_many_payments": _("A receipt with more than 100 payments."),
        "total_too_large": _("The lines of this receipt add up to more than an amount can be."),
    }
)

SCHEMA = pa.schema(
    [
        ("row", pa.int64()), ("reason", pa.int8()), ("source", pa.int32()), ("external_id", pa.string()),
        ("of_source", pa.int32()), ("of_external_id", pa.string()), ("store", pa.int32()), ("channel", pa.int8()),
        ("occurred", pa.int64()), ("person", pa.string()), ("staff", pa.string()), ("line", pa.int32()),
        ("sku", pa.int32()), ("milli", pa.int64()), ("cents", pa.int64()), ("discount", pa.int64()),
        ("payments", pa.string()),
    ]
)  # fmt: skip


_MOST_UNITS = 10**12


class RowReader:
    """Reads blocks. `zones`: time zones of the known stores; `known_stores_only` refuses other stores."""

    def __init__(
        self, own_names: dict[str, str], zones: dict[str, ZoneInfo], zone: ZoneInfo, countries: identities.Countries, *,
        default_source: str, known_stores_only: bool,
    ) -> None:  # fmt: skip
        self.own_names = own_names
        self.zones = zones
        self.zone = zone
        self.countries = countries
        self.default_source = default_source
        self.known_stores_only = known_stores_only
        self.sources = CodeBook("sources", [default_source])
        self.stores = CodeBook("stores")
        self.products = CodeBook("products")
        self.latest = now() + events.AHEAD
        self._readers = {
            name: values.remembered(reader)
            for name, reader in {
                "source": self._source, "store": self._store, "product": self._product, "channel": _channel,
                "staff": _staff, "line": _line, "quantity": _milli, "amount": _cents, "discount": _discount,
                "payments": _payments,
            }.items()
        }  # fmt: skip

    def read(self, block: Block) -> pa.Table:
        """The block's rows in SCHEMA; `reason` is 0 for a usable row."""
        count = len(block.rows)
        faults = Faults(count)

        def column(name: str) -> Any:
            return block.columns[self.own_names[name]] if name in self.own_names else blank(count)

        def numbers(name: str) -> Any:
            return values.numbers(column(name), self._readers[name], faults)

        def texts(name: str) -> Any:
            return values.texts(column(name), self._readers[name], faults)

        source = numbers("source")
        external_id = values.texts(column("external_id"), self._external_id, faults)
        store = numbers("store")
        occurred = self._occurred(column("occurred_at"), store, faults)
        of = self._of(column("receipt_source"), column("receipt_external_id"), faults)
        without_product = Faults(count)
        sku = values.numbers(column("product"), self._readers["product"], without_product)
        faults.add(
            np.where(of["of_source"] >= 0, 0, without_product.reason)
        )  # a return names lines, not products
        columns = {
            "row": pa.array(block.rows),
            "source": source,
            "external_id": external_id,
            **of,
            "store": store,
            "channel": numbers("channel"),
            "occurred": occurred,
            "person": self._person(column("customer_kind"), column("customer_value"), faults),
            "staff": texts("staff"),
            "line": numbers("line"),
            "sku": sku,
            "milli": self._units(column("quantity"), 3, "quantity", faults),
            "cents": self._units(column("amount"), 2, "amount", faults),
            "discount": self._units(column("discount"), 2, "discount", faults),
            "payments": texts("payments"),
        }
        columns["reason"] = faults.reason
        arrays = [pa.array(columns[field.name]).cast(field.type) for field in SCHEMA]
        return pa.Table.from_arrays(arrays, schema=SCHEMA)

    def _units(self, column: Any, places: int, name: str, faults: Faults) -> Any:
        """Thousandths or cents; the typed columns of a Parquet file without a Python object a value."""
        units = values.scaled(column, places)
        least = 1 if name == "quantity" else 0
        if units is None or (len(units) and (units.max() >= _MOST_UNITS or units.min() < least)):
            return values.numbers(column, self._readers[name], faults)
        return units

    def _source(self, value: Any) -> tuple[int, int]:
        text = normalise.plain(as_text(value)) or self.default_source
        return (self.sources[text], 0) if _fits(text, 40) else (0, REASONS["source_invalid"])

    def _external_id(self, value: Any) -> tuple[str, int]:
        text = as_text(value)
        if not text.isalnum() or not text.isascii():  # nearly all are
            text = normalise.plain(text)
        return (text, 0) if text and _fits(text, 120) else ("", REASONS["external_id_invalid"])

    def _store(self, value: Any) -> tuple[int, int]:
        text = normalise.plain(as_text(value))
        if not events.STORE_CODE.fullmatch(text):
            return 0, REASONS["store_invalid"]
        if self.known_stores_only and text not in self.zones:
            return 0, REASONS["store_unknown"]
        return self.stores[text], 0

    def _product(self, value: Any) -> tuple[int, int]:
        text = normalise.plain(as_text(value))
        return (self.products[text], 0) if text and _fits(text, 64) else (0, REASONS["product_invalid"])

    def _occurred(self, column: Any, store: Any, faults: Faults) -> Any:
        """Microseconds since 1970. A time without an offset is the store's wall clock."""
        naive: list[bool] = []

        def instant(value: Any) -> tuple[int, int]:
            try:
                at = value if isinstance(value, datetime) else _moment(as_text(value))
            except ValueError:
                naive.append(False)
                return 0, REASONS["date_impossible"]
            naive.append(at.tzinfo is None)
            at = at if at.tzinfo else at.replace(tzinfo=UTC)
            if not events.EARLIEST <= at <= self.latest:
                return 0, REASONS["date_out_of_time"]
            return events.micros(at), 0

        meanings, place = values.read(column, instant, faults)
        occurred = np.array(meanings or [0], dtype=np.int64)[place]
        is_naive = np.array(naive or [False])[place] & (faults.reason == 0)
        return self._localised(occurred, is_naive, store) if is_naive.any() else occurred

    def _localised(self, occurred: Any, is_naive: Any, store: Any) -> Any:
        pairs = np.stack([store[is_naive], occurred[is_naive]])
        distinct, place = np.unique(pairs, axis=1, return_inverse=True)
        instants = []
        for store_place, wall in distinct.T.tolist():
            zone = self.zones.get(self.stores.codes[store_place], self.zone)
            local = datetime.fromtimestamp(0, UTC).replace(tzinfo=None) + _micros(wall)
            instants.append(events.micros(local.replace(tzinfo=zone)))
        occurred = occurred.copy()
        occurred[is_naive] = np.array(instants, dtype=np.int64)[place.reshape(-1)]
        return occurred

    def _person(self, kinds: Any, values_of: Any, faults: Faults) -> Any:
        """ "kind:value" normalised, "" for a guest."""
        kind_texts, kind_place = values.coded(kinds)
        value_texts, value_place = values.coded(values_of)
        pair = kind_place.astype(np.int64) * (len(value_texts) + 1) + value_place
        distinct, place = np.unique(pair, return_inverse=True)
        people, reasons = [], []
        for kind, value in (divmod(p, len(value_texts) + 1) for p in distinct.tolist()):
            person, reason = self._one_person(as_text(kind_texts[kind]), as_text(value_texts[value]))
            people.append(person)
            reasons.append(reason)
        faults.add(np.array(reasons or [0], dtype=np.int8)[place])
        return pa.array(people, pa.string()).take(pa.array(place))

    def _one_person(self, kind: str, value: str) -> tuple[str, int]:
        kind, value = normalise.plain(kind).lower(), value.strip()
        if not value:
            return "", 0
        if kind not in identities.KINDS:
            return "", REASONS["customer_kind_invalid"]
        known_as = identities.normalised(kind, value, countries=self.countries)
        return (f"{kind}:{known_as}", 0) if known_as else ("", REASONS["customer_invalid"])

    def _of(self, source: Any, external_id: Any, faults: Faults) -> dict[str, Any]:
        """The receipt that a return row belongs to; of_source is -1 on rows of receipts."""

        def receipt_source(value: Any) -> tuple[int, int]:
            text = normalise.plain(as_text(value))
            return (self.sources[text], 0) if text and _fits(text, 40) else (-1, 0)

        of_source = values.numbers(source, receipt_source, faults)
        of_external = values.texts(external_id, lambda v: (normalise.plain(as_text(v))[:121], 0), faults)
        length = np.asarray(pc.utf8_length(of_external))
        if "receipt_source" not in self.own_names and length.any():
            of_source = np.where(length > 0, self.sources[self.default_source], -1)
        is_half = ((of_source >= 0) != (length > 0)) | (length > 120)
        faults.add(np.where(is_half, REASONS["receipt_invalid"], 0))
        return {"of_source": of_source, "of_external_id": of_external}


def _micros(value: int) -> Any:
    from datetime import timedelta

    return timedelta(microseconds=value)


def _fits(text: str, longest: int) -> bool:
    return len(text) <= longest and (text.isalnum() or text.isprintable())


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime.fromisoformat(normalise.plain(text).replace("/", "-"))


def _channel(value: Any) -> tuple[int, int]:
    found = events.CHANNELS.get(normalise.plain(as_text(value)).lower() or "store")
    return (found, 0) if found else (1, REASONS["channel_invalid"])


def _staff(value: Any) -> tuple[str, int]:
    text = normalise.plain(as_text(value))
    return (text, 0) if _fits(text, 32) else ("", REASONS["staff_invalid"])


def _line(value: Any) -> tuple[int, int]:
    """0: the file does not number its lines."""
    text = normalise.plain(as_text(value))
    if not text:
        return 0, 0
    number = int(text) if text.isdecimal() and len(text) <= 5 else 0
    return (number, 0) if 1 <= number <= 32_767 else (0, REASONS["line_invalid"])


def _milli(value: Any) -> tuple[int, int]:
    try:
        milli = events.milli(as_text(value))
    except ValueError:
        return 1, REASONS["quantity_invalid"]
    return (milli, 0) if milli > 0 else (1, REASONS["quantity_not_positive"])


def _cents(value: Any) -> tuple[int, int]:
    try:
        cents = events.cents(as_text(value))
    except ValueError:
        return 0, REASONS["amount_invalid"]
    return (cents, 0) if cents >= 0 else (0, REASONS["amount_negative"])


def _discount(value: Any) -> tuple[int, int]:
    try:
        cents = events.cents(as_text(value) or "0")
    except ValueError:
        return 0, REASONS["discount_invalid"]
    return (cents, 0) if cents >= 0 else (0, REASONS["discount_invalid"])


def _payments(value: Any) -> tuple[str, int]:
    """ "card:12.50;cash:3" as "card,1250;cash,300", the form that fingerprints use."""
    text = normalise.plain(as_text(value))
    if not text:
        return "", 0
    try:
        paid = [part.rsplit(":", 1) for part in text.split(";")]
        if len(paid) > events.MOST_PAYMENTS:
            return "", REASONS["too_many_payments"]
        return ";".join(f"{_method(method)},{events.cents(amount)}" for method, amount in paid), 0
    except ValueError:
        return "", REASONS["payments_invalid"]


def _method(text: str) -> str:
    method = normalise.plain(text)
    if not method or not _fits(method, 24) or "," in method:
        raise ValueError(text)
    return method
