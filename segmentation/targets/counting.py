"""Measuring segments: sums of their members by home store, from columns. Nothing here reads a database.

Two things need all customers before one can be measured: the middle spending of people of the same household size and
income (their *peers*), and from which spending on somebody is of the best tenth of a segment. `First` finds both, then
`Sums` adds up.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from customers.consents.cells import CHANNELS
from segmentation.histogram import Histogram
from segmentation.targets.reading import ACTIVE, GONE, MONTH, NOW, QUARTER

DAYS = 91  # of the recent past: 13 weeks
FEWEST_PEERS = 20  # buyers of a band whose middle means something
BEST = 10  # the best tenth
COLUMNS = (
    "customers", "month_ago", "quarter_ago", "buyers", "revenue", "churn", "churn_of", "value", "value_of", "reach_any",
    *(f"reach_{channel.code}" for channel in CHANNELS), "rhythm", "rhythm_of", "peers", "peers_of",
)  # fmt: skip
Key = tuple[int, int]  # 0 and a group, or 1 and a segment


@dataclass
class First:
    """What has to be known of all: spending in whole currency, by band and by segment."""

    bands: dict[int, Histogram] = field(default_factory=lambda: defaultdict(Histogram))
    segments: dict[Key, Histogram] = field(default_factory=lambda: defaultdict(Histogram))

    def add(self, people: dict[str, Any], members: dict[str, Any]) -> None:
        whole, bought = people["cents"] // 100, people["count"] > 0
        for band, rows in _split(people["band"], bought & (people["band"] != 0)):
            self.bands[band].add(whole[rows])
        inside = (members["bits"] & NOW > 0) & bought[members["place"]]
        for packed, rows in _split(_packed(members), inside):
            self.segments[_unpacked(packed)].add(whole[members["place"][rows]])

    def middles(self) -> dict[int, int]:
        """What the middle buyer of each band spent, of bands that have enough of them."""
        return {
            band: middle
            for band, histogram in self.bands.items()
            if int(histogram.bins()[1].sum()) >= FEWEST_PEERS and (middle := histogram.cuts(2)[0]) > 0
        }

    def best_from(self) -> dict[Key, int]:
        """From which spending on a buyer is of the best tenth of their segment."""
        return {key: histogram.cuts(BEST)[-1] for key, histogram in self.segments.items()}


@dataclass
class Sums:
    """Of each segment and home store (0: none) the sums of COLUMNS, and how many buyers buy each category."""

    middles: dict[int, int]
    best_from: dict[Key, int]
    rows: dict[tuple[Key, int], Any] = field(default_factory=dict)
    buying: dict[tuple[Key, int], Any] = field(default_factory=dict)
    best_buying: dict[Key, Any] = field(default_factory=dict)
    best: dict[Key, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, people: dict[str, Any], members: dict[str, Any], visits: Any, bought: Any) -> None:
        """`visits`: days with a visit in the last 13 weeks; `bought`: people × categories of the window."""
        figures = figures_of(people, visits, self.middles)
        packed, place = _packed(members) << 24 | people["store"][members["place"]], members["place"]
        names, at = np.unique(packed, return_inverse=True)
        now = members["bits"] & NOW > 0
        table = np.stack(
            [
                np.bincount(at, weights=_weight(name, members["bits"], now, figures, place), minlength=len(names))
                for name in COLUMNS
            ],
            axis=1,
        )  # fmt: skip
        is_buyer = now & (people["count"][place] > 0)
        buying = _buyers_of(at[is_buyer], place[is_buyer], len(names), bought)
        for number, name in enumerate(names.tolist()):
            key = (_unpacked(name >> 24), name & 0xFFFFFF)
            self.rows[key] = self.rows.get(key, 0) + table[number]
            self.buying[key] = self.buying.get(key, 0) + buying[number]
        self._add_best(people["cents"] // 100, members, is_buyer, bought)

    def _add_best(self, whole: Any, members: dict[str, Any], is_buyer: Any, bought: Any) -> None:
        for packed, rows in _split(_packed(members), is_buyer):
            key = _unpacked(packed)
            places = members["place"][rows]
            best = places[whole[places] >= self.best_from[key]]
            self.best[key] += len(best)
            self.best_buying[key] = self.best_buying.get(key, 0) + bought[best].sum(axis=0, dtype=np.int64)

    def categories(self, key: Key) -> Any:
        """The categories that at least half of a segment's best tenth buy."""
        return self.best_buying[key] * 2 >= self.best[key] if self.best[key] else None

    def breadth(self, key: Key, store: int) -> tuple[int, int]:
        """Of these categories, how many its buyers buy, and how many there are to be bought."""
        wanted = self.categories(key)
        buyers = int(self.rows[key, store][COLUMNS.index("buyers")])
        if wanted is None or not buyers:
            return 0, 0
        return int(self.buying[key, store][wanted].sum()), buyers * int(wanted.sum())


def figures_of(people: dict[str, Any], visits: Any, middles: dict[int, int]) -> dict[str, Any]:
    """What each customer adds to each column, as if they were in the segment now."""
    bands = np.array(sorted(middles), dtype=np.int64)
    cents = np.array([middles[band] * 100 for band in bands.tolist()], dtype=np.int64)
    place = np.minimum(np.searchsorted(bands, people["band"]), max(len(bands) - 1, 0))
    bought = people["count"] > 0
    has_peers = bought & (bands[place] == people["band"]) if len(bands) else np.zeros(len(bought), dtype=bool)
    of_cycle = np.minimum(1.0, visits * np.maximum(people["cycle"], 1) / DAYS)
    reach = {
        f"reach_{channel.code}": people["reach"] >> number & 1 for number, channel in enumerate(CHANNELS)
    }
    return {
        "customers": np.ones(len(bought)), "buyers": bought, "revenue": people["cents"],
        "churn": np.nan_to_num(people["churn"]), "churn_of": ~np.isnan(people["churn"]),
        "value": np.nan_to_num(people["value"]), "value_of": ~np.isnan(people["value"]),
        "reach_any": people["reach"] > 0, **reach, "rhythm": np.where(people["cycle"] > 0, of_cycle, 0),
        "rhythm_of": people["cycle"] > 0, "peers": np.where(has_peers, people["cents"], 0),
        "peers_of": np.where(has_peers, cents[place], 0) if len(bands) else np.zeros(len(bought)),
    }  # fmt: skip


def own_churn(people: dict[str, Any]) -> Any:
    """1: dormant or lost, of those who were active then; NaN: was not active."""
    was_active = np.isin(people["stage_then"], ACTIVE)
    return np.where(was_active, np.isin(people["stage"], GONE).astype(float), np.nan)


def _weight(name: str, bits: Any, now: Any, figures: dict[str, Any], place: Any) -> Any:
    if name in ("month_ago", "quarter_ago"):
        return bits & (MONTH if name == "month_ago" else QUARTER) > 0
    return np.where(now, figures[name][place], 0)


def _buyers_of(at: Any, place: Any, rows: int, bought: Any) -> Any:
    """Rows × categories: how many of the buyers of each row buy it."""
    table = csr_array((np.ones(len(at), dtype=np.int32), (at, place)), shape=(rows, len(bought)))
    return np.asarray(table @ bought.astype(np.int32))


def _packed(members: dict[str, Any]) -> Any:
    return members["kind"] << 32 | members["of"]


def _unpacked(packed: int) -> Key:
    return packed >> 32, packed & 0xFFFFFFFF


def _split(names: Any, mask: Any) -> Any:
    """(name, places) of each name that occurs where the mask holds."""
    places = np.flatnonzero(mask)
    if not len(places):
        return
    order = places[np.argsort(names[places], kind="stable")]
    starts = np.flatnonzero(np.diff(names[order], prepend=names[order[0]] - 1))
    for rows in np.split(order, starts[1:]):
        yield int(names[rows[0]]), rows
