"""Which columns a file may have. An unknown one is refused by name: a misspelt column must not be lost silently."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from django.utils.translation import gettext as _

from crm.lib import normalise
from customers import customfields
from customers.imports import consent_columns
from customers.imports.refusals import MissingColumns, UnknownColumns


@dataclass(frozen=True)
class Columns:
    required: tuple[str, ...]
    optional: tuple[str, ...]

    def match(self, names: Iterable[str], mapping: Mapping[str, str] | None = None) -> dict[str, str]:
        """The file's own name of each known column. Raises UnknownColumns, MissingColumns.

        `mapping`: which of the file's is which of ours ("": left out), where somebody said so.
        """
        own: dict[str, str] = {}
        unknown = []
        for name in names:
            known = mapping.get(name, "") if mapping else spelling(name)
            if not known and mapping:
                continue
            if known not in self.all or known in own:
                unknown.append(name)
            own[known] = name
        if unknown:
            raise UnknownColumns(self._unknown(unknown))
        missing = [name for name in self.required if name not in own]
        if missing:
            raise MissingColumns(_("The file lacks the columns: %(names)s.") % {"names": ", ".join(missing)})
        return own

    @property
    def all(self) -> tuple[str, ...]:
        return self.required + self.optional

    def _unknown(self, names: list[str]) -> str:
        told = []
        for name in (name[:60] for name in names[:20]):
            near = get_close_matches(spelling(name), self.all, n=1)
            told.append(f"“{name}” ({near[0]}?)" if near and near[0] != spelling(name) else f"“{name}”")
        return _("Columns that are unknown or stand there twice: %(names)s. Known are: %(known)s.") % {
            "names": ", ".join(told),
            "known": ", ".join(self.all),
        }


def spelling(name: str) -> str:
    """ "Customer Kind" and "customer.kind" are customer_kind."""
    return normalise.plain(name).lower().replace(" ", "_").replace(".", "_").replace("-", "_")


RECEIPTS = Columns(
    required=("external_id", "store", "occurred_at", "product", "quantity", "amount"),
    optional=(
        "source", "channel", "customer_kind", "customer_value", "staff", "line", "discount", "payments",
        "receipt_source", "receipt_external_id",
    ),
)  # fmt: skip
CUSTOMERS = Columns(
    required=(),
    optional=(
        "number", "name", "phone", "phones", "email", "emails", "card", "openid", "account", "gender", "birthday",
        "age_band", "income_band", "occupation", "household", "household_code", "household_size", "home_store", "tags",
        "language", "address", "enrolled_at", *consent_columns.COLUMNS,
    ),
)  # fmt: skip


CUSTOM = "custom_"  # before the code of a field of the chain's own; files may write "custom.code"


def columns_of(kind: str) -> Columns:
    """What a file of this kind may have, with the fields that the chain has made."""
    if kind == "receipts":
        return RECEIPTS
    own = tuple(f"{CUSTOM}{one.code}" for one in customfields.definitions())
    return replace(CUSTOMERS, optional=CUSTOMERS.optional + own)


def blank(rows: int) -> Any:
    """A column that the file does not have."""
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), rows), pa.array([""]))
