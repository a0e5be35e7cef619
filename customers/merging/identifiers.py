"""Identifiers of two customers: which conflict, whose stay main, and how they travel.

They are no owned rows (placed by value), so their customer may change.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from customers.merging.facts import LOSER
from customers.models import Identity, IdentityKind

MAIN = "main."  # main.phone: whose main phone stays the main one


@dataclass(frozen=True)
class Conflict:
    """Both have identifiers of a kind of which one person has one, and they differ."""

    kind: str
    app: str  # of openids: which app's; else ""
    mine: tuple[str, ...]
    theirs: tuple[str, ...]


def conflicts(mine: Iterable[Identity], theirs: Iterable[Identity]) -> list[Conflict]:
    """Member numbers, and openids of one app. Cards, phones and e-mails are fine as many."""
    own, other = _hard(mine), _hard(theirs)
    return [Conflict(*group, own[group], other[group]) for group in sorted(own.keys() & other.keys())]


def _hard(identities: Iterable[Identity]) -> dict[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for one in identities:
        if one.kind == IdentityKind.MEMBER:
            group = one.kind, ""
        elif one.kind == IdentityKind.OPENID:
            group = one.kind, app_of(one)
        else:
            continue
        found[group] = (*found.get(group, ()), one.value)
    return found


def app_of(identity: Identity) -> str:
    """Which app an openid is of: what stands before the colon ("wx1234:oABC"). Without one they all are of one app."""
    app, colon, _rest = identity.value.partition(":")
    return app if colon else ""


@dataclass(frozen=True)
class Carried:
    """`ids`: all of the loser's. `mains`: those that were main. `demoted`: the survivor's that gave way."""

    ids: list[int]
    mains: list[int]
    demoted: list[int]


def carry(cur: Any, survivor_id: int, loser_id: int, choices: Mapping[str, str]) -> Carried:
    """The survivor's own main identifier of a kind stays the main one, unless the person chose the loser's."""
    chosen = [
        name.removeprefix(MAIN) for name, side in choices.items() if name.startswith(MAIN) and side == LOSER
    ]
    cur.execute(_LOCK, [[survivor_id, loser_id]])
    rows = cur.fetchall()
    ids = [pk for pk, owner, _kind, _main in rows if owner == loser_id]
    mains = [pk for pk, owner, _kind, main in rows if owner == loser_id and main]
    replaced = {kind for _pk, owner, kind, main in rows if owner == loser_id and main and kind in chosen}
    demoted = [pk for pk, owner, kind, main in rows if owner == survivor_id and main and kind in replaced]
    cur.execute("UPDATE customers_identity SET is_primary = false WHERE id = ANY(%s)", [demoted])
    has = {kind for pk, owner, kind, main in rows if owner == survivor_id and main} - replaced
    staying = [pk for pk, owner, kind, main in rows if owner == loser_id and main and kind not in has]
    cur.execute(_GIVE, [survivor_id, staying, ids, loser_id])
    return Carried(ids, mains, demoted)


def give_back(cur: Any, survivor_id: int, loser_id: int, carried: Carried) -> None:
    """As far as the survivor still has them: each as it was."""
    cur.execute(_GIVE, [loser_id, carried.mains, carried.ids, survivor_id])
    promote(cur, survivor_id, carried.demoted)


def promote(cur: Any, customer_id: int, ids: list[int]) -> None:
    """Make those main whose kind has no main one."""
    cur.execute(_PROMOTE, [ids, customer_id, customer_id])


def inherited(cur: Any, demoted: list[int], undone: Carried) -> list[int]:
    """Which main identifiers of the survivor a later merge had replaced, if the undone one had never been."""
    gone = set(demoted) & set(undone.ids)
    if not gone:
        return demoted
    cur.execute("SELECT id, kind FROM customers_identity WHERE id = ANY(%s)", [[*gone, *undone.demoted]])
    kinds = dict(cur.fetchall())
    freed = {kinds.get(pk) for pk in gone}
    return sorted(
        {pk for pk in demoted if pk not in gone} | {pk for pk in undone.demoted if kinds.get(pk) in freed}
    )


_LOCK = """
SELECT id, customer_id, kind, is_primary FROM customers_identity WHERE customer_id = ANY(%s)
ORDER BY kind, value FOR UPDATE
"""
_GIVE = """
UPDATE customers_identity SET customer_id = %s, is_primary = id = ANY(%s) WHERE id = ANY(%s) AND customer_id = %s
"""
_PROMOTE = """
UPDATE customers_identity i SET is_primary = true
WHERE i.id = ANY(%s) AND i.customer_id = %s AND NOT EXISTS (
    SELECT FROM customers_identity other WHERE other.customer_id = %s AND other.kind = i.kind AND other.is_primary
)
"""
