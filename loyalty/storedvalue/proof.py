"""What `verify_ledger` asks of stored value: each act says of both accounts what its movements say."""

from collections.abc import Iterator
from typing import Any

from crm.lib.statements import Statement
from loyalty.ledger.proof import Fault
from loyalty.models import StoredOperation, Unit


def check(cursor: Any, low: int, high: int) -> Iterator[Fault]:
    cursor.execute(UNLIKE.sql, {"low": low, "high": high})
    for (number,) in cursor.fetchall():
        yield Fault(
            "an act with stored value is what its movements are",
            f"act {StoredOperation(pk=number).public_id}",
        )


_POINTS = "coalesce({m}.available + {m}.pending + {m}.held - {m}.debt, 0)"
_OF = "{m}.customer_id = o.customer_id AND {m}.id = o.{leg}_movement_id AND {m}.unit = {unit}"
UNLIKE = Statement(
    "stored.unlike",
    f"""
SELECT o.id FROM loyalty_storedoperation o
LEFT JOIN loyalty_movement p ON {_OF.format(m="p", leg="principal", unit=Unit.STORED.value)}
LEFT JOIN loyalty_movement b ON {_OF.format(m="b", leg="bonus", unit=Unit.BONUS.value)}
WHERE o.customer_id >= %(low)s AND o.customer_id < %(high)s
    AND (o.principal <> {_POINTS.format(m="p")} OR o.bonus <> {_POINTS.format(m="b")})
ORDER BY o.id
""",  # noqa: S608  names of columns, numbers of units
    {"low": 0, "high": 1},
)
STATEMENTS = [UNLIKE]
