"""Columns as array parameters, as PostgreSQL reads them.

For lists of many thousands: a Python list would be looked at element by element, which takes ten times as long.
"""

from collections.abc import Iterable
from typing import Any


def array_text(values: Any) -> str:
    """A numpy array of whole numbers or booleans, "{1,2,3}"; what is masked is NULL."""
    return f"{{{','.join('NULL' if value is None else str(value) for value in values.tolist())}}}"


def texts(values: Iterable[str]) -> str:
    """Texts of any kind."""
    told = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return f"""{{{",".join(f'"{value}"' for value in told)}}}"""


def moments(values: Any) -> str:
    """Microseconds since 1970 as moments; what is masked is NULL."""
    import numpy as np

    told = np.datetime_as_string(np.ma.getdata(values).astype("datetime64[us]"), timezone="UTC").tolist()
    mask = np.ma.getmaskarray(values).tolist()
    return f"{{{','.join('NULL' if is_none else one for one, is_none in zip(told, mask, strict=True))}}}"
