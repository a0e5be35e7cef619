"""Match keys: customers who share one are compared. 64-bit hashes; the lowest four bits tell the kind.

| kind | made of | finds |
|---|---|---|
| NAME | the letters of the whole name, sorted | (only to see whole names agree; a customer's first key) |
| BIRTH | birthday, a word of the name | slips in the other words |
| YEAR, DAY | whole name with year, with month and day | wrong and swapped birthdays |
| TAIL | last four digits of a phone, a word of the name | slips in the digits before |
| HEAD | the digits before, a word of the name | slips in the last four |
| MAIL | the mailbox | dots, "+something" |
| BOX | the mailbox's name without its host, a word of the name | another host |
| PLACE | street and house number, a word of the name | the same address |
| PHONE | the phone | (only where phones may be shared: sets of people that are no customers yet) |

A "word" is a name's word in its full form (Bill is william) and, in Chinese, the sound of the family name or of the
given name, both softened (`people.soft`). Every kind but MAIL names the person as well as a contact or a day, so that
blocks stay small: what is compared grows with the number of customers, not with its square.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any

from django.db import connection, transaction

from customers.matching import contacts, facts
from customers.matching.facts import Facts
from customers.matching.people import Name, soft

VERSION = 1  # of the derivation: another one makes the sweep write all keys anew
NAME, BIRTH, YEAR, DAY, TAIL, HEAD, MAIL, BOX, PLACE, PHONE = range(10)
MOST = 40  # keys of a customer
BLOCK = 10_000
_TAIL_DIGITS = 4
_MOST_WORDS = 3


def of(person: Facts, *, with_phones: bool = False) -> list[int]:
    """The keys; that of the name first. [] for somebody of whom nothing is known that could be compared."""
    if person.who is None:
        return []
    whole = "".join(sorted("".join(words_of(person.who))))
    found = dict.fromkeys(_keys(person, whole, words_of(person.who)[:_MOST_WORDS]))
    if with_phones:
        found |= dict.fromkeys(_hash(PHONE, phone) for phone in person.phones)
    return [_hash(NAME, whole), *found][:MOST]


def words_of(name: Name) -> list[str]:
    """Longest first; initials are no words unless there is nothing else."""
    words = [soft(word) for word in name.formal]
    return sorted((word for word in words if len(word) > 1), key=lambda word: (-len(word), word)) or words


def _keys(person: Facts, whole: str, words: list[str]) -> Iterator[int]:
    born = person.birthday
    if born:
        yield _hash(YEAR, whole, born.year)
        yield _hash(DAY, whole, born.month, born.day)
        yield from (_hash(BIRTH, born.toordinal(), word) for word in words)
    for phone in sorted(person.phones):
        yield from (_hash(HEAD, phone[:-_TAIL_DIGITS], word) for word in words)
        yield from (_hash(TAIL, phone[-_TAIL_DIGITS:], word) for word in words)
    for email in sorted(person.emails):
        yield _hash(MAIL, contacts.mailbox(email))
        if name := contacts.local(email):
            yield from (_hash(BOX, name, word) for word in words)
    if person.where and person.where.numbers:
        place = (person.where.street, person.where.numbers[0])
        yield from (_hash(PLACE, *place, word) for word in words)


def _hash(kind: int, *parts: Any) -> int:
    text = "\x1f".join(map(str, parts))
    number = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)
    return (number >> 4 << 4) | kind


def index(customer_ids: Sequence[int]) -> None:
    """Write the keys of these customers anew, in the caller's transaction or one."""
    with transaction.atomic(), connection.cursor() as cursor:
        for start in range(0, len(customer_ids), BLOCK):
            _index(cursor, list(customer_ids[start : start + BLOCK]))


def _index(cursor: Any, customer_ids: list[int]) -> None:
    """A customer without keys has an empty row, so that the sweep knows that they were looked at."""
    cursor.execute(_FORGET, [customer_ids])
    known = facts.of(customer_ids)
    with cursor.copy("COPY customers_matchkey (customer_id, keys, version) FROM STDIN") as copy:
        for customer_id, person in sorted(known.items()):
            copy.write_row((customer_id, of(person), VERSION))


_FORGET = "DELETE FROM customers_matchkey WHERE customer_id = ANY(%s)"
