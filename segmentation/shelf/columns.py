"""How a value lies on the shelf, and what can be asked of it there. Answers are arrays of truth, one a customer.

| kind | array |
|---|---|
| number, money | int32 if all are whole and small, else float64; unknown: the least int32, NaN |
| date | int32, days since 1970; unknown: the least int32 |
| choice | int32, the place in `codes`; unknown: -1 |
| choices | `places` of customers, sorted by the place of their code in `codes`, which begin at `starts` |
| flag | int8, 1 or 0; unknown is 0 |

Decimals with at most four places and below 10^11 keep their order as float64, so comparisons are exact.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from crm.lib.spells import day_number
from customers.attributes import Operator

UNKNOWN = np.iinfo(np.int32).min
_O = Operator


@dataclass(frozen=True)
class Numbers:
    values: Any

    def answer(self, operator: Operator, value: Any, on: date) -> Any:
        return _NUMBERS[operator](self.values, value)


def _known(values: Any) -> Any:
    return ~np.isnan(values) if values.dtype.kind == "f" else values != UNKNOWN


_NUMBERS: dict[Operator, Callable[[Any, Any], Any]] = {
    _O.KNOWN: lambda values, _: _known(values),
    _O.UNKNOWN: lambda values, _: ~_known(values),
    _O.IS: lambda values, value: (values == float(value)) & _known(values),
    _O.IS_NOT: lambda values, value: (values != float(value)) | ~_known(values),
    _O.AT_LEAST: lambda values, value: (values >= float(value)) & _known(values),
    _O.AT_MOST: lambda values, value: (values <= float(value)) & _known(values),
    _O.BETWEEN: lambda values, value: (
        (values >= float(value[0])) & (values <= float(value[1])) & _known(values)
    ),
}


@dataclass(frozen=True)
class Days:
    values: Any

    def answer(self, operator: Operator, value: Any, on: date) -> Any:
        return _DAYS[operator](self.values, value, day_number(on))


_DAYS: dict[Operator, Callable[[Any, Any, int], Any]] = {
    _O.KNOWN: lambda days, _, __: days != UNKNOWN,
    _O.UNKNOWN: lambda days, _, __: days == UNKNOWN,
    _O.ON: lambda days, value, _: days == day_number(value),
    _O.BEFORE: lambda days, value, _: (days < day_number(value)) & (days != UNKNOWN),
    _O.AFTER: lambda days, value, _: days > day_number(value),
    _O.BETWEEN: lambda days, value, _: (days >= day_number(value[0])) & (days <= day_number(value[1])),
    _O.LAST_DAYS: lambda days, value, today: (days > today - value) & (days <= today),
    _O.NEXT_DAYS: lambda days, value, today: (days >= today) & (days < today + value),
    _O.LONGER_AGO: lambda days, value, today: (days < today - value) & (days != UNKNOWN),
}


@dataclass(frozen=True)
class Choice:
    values: Any
    codes: Sequence[str]

    def answer(self, operator: Operator, value: Any, on: date) -> Any:
        match operator:
            case _O.KNOWN:
                return self.values >= 0
            case _O.UNKNOWN:
                return self.values < 0
            case _O.ANY_OF | _O.NONE_OF:
                wanted = np.zeros(
                    len(self.codes) + 1, dtype=bool
                )  # the last place is that of the unknown, -1
                wanted[[i for i, code in enumerate(self.codes) if code in set(value)]] = True
                found = wanted[self.values]
                return ~found if operator == _O.NONE_OF else found
        raise KeyError(operator)


@dataclass(frozen=True)
class Choices:
    places: Any
    starts: Any
    codes: Sequence[str]
    customers: int

    def answer(self, operator: Operator, value: Any, on: date) -> Any:
        found = [self._with(code) for code in value]
        if operator == _O.HAS_ALL:
            return np.logical_and.reduce(found)
        has_any = np.logical_or.reduce(found)
        if operator == _O.HAS_ANY:
            return has_any
        if operator == _O.HAS_NONE:
            return ~has_any
        raise KeyError(operator)

    def _with(self, code: str) -> Any:
        mask = np.zeros(self.customers, dtype=bool)
        if code in self.codes:
            at = self.codes.index(code)
            mask[self.places[self.starts[at] : self.starts[at + 1]]] = True
        return mask


@dataclass(frozen=True)
class Flags:
    values: Any

    def answer(self, operator: Operator, value: Any, on: date) -> Any:
        if operator == _O.YES:
            return self.values == 1
        if operator == _O.NO:
            return self.values != 1
        raise KeyError(operator)


Column = Numbers | Days | Choice | Choices | Flags


def compact(values: Any) -> Any:
    """float64 with NaN as it lies on the shelf."""
    known = values[~np.isnan(values)]
    is_small = np.all((known == np.rint(known)) & (np.abs(known) < 2**31 - 1))
    return np.where(np.isnan(values), UNKNOWN, values).astype(np.int32) if is_small else values


def compare(values: Any, operator: Operator, value: Decimal | tuple[Decimal, ...]) -> Any:
    """Counts and sums of behaviours, which are never unknown."""
    if operator == _O.BETWEEN:
        assert isinstance(value, tuple)
        return (values >= float(value[0])) & (values <= float(value[1]))
    assert isinstance(value, Decimal)
    match operator:
        case _O.AT_LEAST:
            return values >= float(value)
        case _O.AT_MOST:
            return values <= float(value)
        case _O.IS:
            return values == float(value)
    raise KeyError(operator)
