"""A measured figure, what stands beside it, and the bar it must clear."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Bar:
    """`measured` or its `ratio` to what stands beside must be at most or at least `value`."""

    of: Literal["measured", "ratio"]
    sign: Literal["≤", "≥"]
    value: float

    def __str__(self) -> str:
        return f"{self.sign} {self.value:,.4g}{' ×' if self.of == 'ratio' else ''}"

    def is_cleared_by(self, figure: "Figure") -> bool:
        value = figure.measured if self.of == "measured" else figure.ratio
        if value is None:
            return False
        return value <= self.value if self.sign == "≤" else value >= self.value


@dataclass(frozen=True)
class Figure:
    """`beside` and `other`: the peer or floor, in the same unit. Ratio is measured / other."""

    what: str
    measured: float
    unit: str
    beside: str = ""
    other: float | None = None
    bar: Bar | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.measured / self.other if self.other else None

    @property
    def is_cleared(self) -> bool | None:
        return self.bar.is_cleared_by(self) if self.bar else None


def at_most(value: float) -> Bar:
    return Bar("measured", "≤", value)


def at_least(value: float) -> Bar:
    return Bar("measured", "≥", value)


def ratio_at_most(value: float) -> Bar:
    return Bar("ratio", "≤", value)


def ratio_at_least(value: float) -> Bar:
    return Bar("ratio", "≥", value)


HEADER = ("what", "measured", "unit", "peer or floor", "its figure", "ratio", "bar", "")


def table(title: str, figures: list[Figure], *, judged: bool) -> str:
    """Plain text, aligned. Where bars are not judged (small data) the last column stays empty."""
    rows = [HEADER, *(_cells(figure, judged=judged) for figure in figures)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADER))]
    right = {1, 4, 5}
    lines = [
        "  ".join(
            cell.rjust(w) if i in right else cell.ljust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    lines.insert(1, "  ".join("─" * width for width in widths))
    notes = [f"  {figure.what}: {figure.note}" for figure in figures if figure.note]
    return "\n".join([title, *(line.rstrip() for line in lines), *notes])


def _cells(figure: Figure, *, judged: bool) -> tuple[str, ...]:
    mark = {True: "✓", False: "✗ below the bar", None: ""}[figure.is_cleared]
    return (
        figure.what,
        _number(figure.measured),
        figure.unit,
        figure.beside,
        _number(figure.other) if figure.other is not None else "",
        f"{figure.ratio:.3g} ×" if figure.ratio is not None else "",
        str(figure.bar) if figure.bar else "",
        mark if judged else "",
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"
