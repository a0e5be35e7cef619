"""The demo chain's stores: names, codes and regions, invented around the data set's 457 store numbers.

Regions are not drawn at random: stores that the same households use stand in the same region, so that a
regional manager's customers look like a region's. Harbour (HARB) and Uptown (UPTN) are the two stores that
most households buy most at; they lie in different regions.
"""

from dataclasses import dataclass

import numpy as np

from crm.demo.journey import Lines

# code, name, time zone; the first two belong to Harbour and Uptown
REGIONS = (
    ("COAST", "Harbour Coast", "America/New_York"),
    ("HILLS", "Uptown Hills", "America/New_York"),
    ("RIVER", "River Towns", "America/New_York"),
    ("LAKES", "Lake Country", "America/Detroit"),
    ("PLAIN", "Western Plain", "America/Chicago"),
    ("VALES", "Southern Vales", "America/Kentucky/Louisville"),
)


def _pairs(text: str) -> list[tuple[str, str]]:
    """ "AL Alder, AS Ash" → two letters of a store's code, and the half of the name they stand for."""
    return [(code, name) for code, name in (pair.split() for pair in text.split(","))]


FIRST = _pairs(
    """
    AL Alder, AS Ash, AP Apple, BI Birch, BR Bram, CA Castle, CE Cedar, CL Clay, CO Copper, CR
    Crane, DA Dale, DO Dove, EL Elm, FA Fair, FE Fern, FI Finch, FO Fox, GL Glen, GO Gold, GR Green,
    HA Hazel, HE Heron, HO Holly, IV Ivy, JU Juniper, KE Kestrel, LA Lark, LI Linden, MA Maple, ME
    Meadow, MI Mill, MO Moss, OA Oak, OT Otter, PI Pine, QU Quarry, RA Raven, RE Reed, RO Rowan, SA
    Sable, SI Silver, SW Swan, TH Thorn, WI Willow
    """
)
SECOND = _pairs(
    """
    BK brook, BY bury, DN don, FD ford, FL field, GT gate, HM ham, MR mere, PT port, ST stead, VL
    vale, WD wood
    """
)

NIGHT = range(1, 6)  # hours in which a shop that sells is open round the clock
RANKS_FOR_SEEDS = 40  # regions grow around six of the largest stores


@dataclass(frozen=True)
class Place:
    number: int  # in the data set
    code: str
    name: str
    region: str
    timezone: str
    opening_hours: dict[str, list[list[str]]]


def invent_places(lines: Lines) -> dict[int, Place]:
    """All stores of the data set by number; names go by size, the largest first."""
    numbers, visits = _visits(lines)
    size = visits.sum(axis=0)
    homes = np.bincount(home_stores(visits), minlength=len(numbers))
    order = np.lexsort((numbers, -size))
    harbour, uptown = (int(i) for i in np.lexsort((numbers, -homes))[:2])
    rest = [int(i) for i in order if i not in (harbour, uptown)]
    region = _regions(visits, size, [harbour, uptown], rest)
    named = {harbour: ("HARB", "Harbour"), uptown: ("UPTN", "Uptown")} | dict(
        zip(rest, _names(), strict=False)
    )
    hours = _opening_hours(lines, numbers)
    return {
        int(numbers[i]): Place(
            int(numbers[i]), *named[i], REGIONS[region[i]][0], REGIONS[region[i]][2], hours[i]
        )
        for i in range(len(numbers))
    }


def _visits(lines: Lines) -> tuple[np.ndarray, np.ndarray]:
    """Store numbers, and receipts by household (rows, ascending) and store (columns)."""
    households, row = np.unique(lines.household[lines.starts], return_inverse=True)
    numbers, column = np.unique(lines.store[lines.starts], return_inverse=True)
    visits = np.zeros((len(households), len(numbers)), dtype=np.int64)
    np.add.at(visits, (row, column), 1)
    return numbers, visits


def home_stores(visits: np.ndarray) -> np.ndarray:
    """Of each household the store (its column) with the most receipts; of equals the lower number."""
    return visits.argmax(axis=1)


def homes_by_household(lines: Lines) -> dict[int, int]:
    numbers, visits = _visits(lines)
    households = np.unique(lines.household[lines.starts])
    return dict(zip(households.tolist(), numbers[home_stores(visits)].tolist(), strict=True))


def _names() -> list[tuple[str, str]]:
    """(code, name) of every pair of halves, mixed so that neighbours in rank do not share one."""
    pairs = [(i, (i + j) % len(SECOND)) for j in range(len(SECOND)) for i in range(len(FIRST))]
    return [(FIRST[i][0] + SECOND[j][0], FIRST[i][1] + SECOND[j][1]) for i, j in pairs]


def _regions(visits: np.ndarray, size: np.ndarray, seeds: list[int], rest: list[int]) -> dict[int, int]:
    """Store → region: seeds far from each other, then each store joins the one it shares most with."""
    unit = visits / np.maximum(np.sqrt((visits.astype(float) ** 2).sum(axis=0)), 1)
    while len(seeds) < len(REGIONS):
        near = (unit[:, seeds].T @ unit[:, rest[:RANKS_FOR_SEEDS]]).max(axis=0)
        near[[rest.index(seed) for seed in seeds if seed in rest[:RANKS_FOR_SEEDS]]] = np.inf
        seeds = [*seeds, rest[int(near.argmin())]]
    profiles = visits[:, seeds].astype(float)
    region = {seed: place for place, seed in enumerate(seeds)}
    for store in (s for s in rest if s not in region):
        shared = visits[:, store] @ profiles / np.sqrt(profiles.sum(axis=0))
        region[store] = int(shared.argmax()) if shared.max() > 0 else store % len(REGIONS)
        profiles[:, region[store]] += visits[:, store]
    return region


def _opening_hours(lines: Lines, numbers: np.ndarray) -> list[dict[str, list[list[str]]]]:
    """Hours that fit the receipts: round the clock where somebody bought between one and five at night."""
    hour = (lines.local[lines.starts] - lines.local[lines.starts].astype("datetime64[D]")).astype(
        "timedelta64[h]"
    )
    column = np.searchsorted(numbers, lines.store[lines.starts])
    at_night = np.bincount(column, weights=np.isin(hour.astype(int), list(NIGHT)), minlength=len(numbers))
    week = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return [
        {day: [["00:00", "24:00"] if night else ["06:00", "01:00"]] for day in week} for night in at_night > 0
    ]
