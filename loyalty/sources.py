"""What a sender's number goes by: its system and the number there, as one text.

Two different pairs have two different names: what parts them is marked where it stands in the system's own name
(`shop:a` and `7`: `shop\\:a:7`; `shop` and `a:7`: `shop:a:7`). Names without it stand as they are. Checkouts are parted
by a slash, and read by the database, too (`CHECKOUT`).
"""

from hashlib import blake2b

# What the ledger's own numbers begin with, apart from receipts and returns, which tills do not post to the ledger.
OWN = frozenset(
    ("action", "adjustment", "batch", "birthday", "counter", "erasure", "family", "free", "hold", "member", "receipt",
     "referral", "return", "reward", "stored", "undo")
)  # fmt: skip
MOST = 100
MOST_OF_CHECKOUT = 105  # a system of 40 letters and a number of 64
DIGEST = 32


def named(source: str, number: str) -> str:
    """A system that is called as one of our own has a mark before its name: its numbers are not ours."""
    mark = r"\." if source in OWN else ""
    return fitted(mark + _joined(source, number, ":"), MOST)


def checkout(source: str, number: str) -> str:
    """As its receipt will be found by."""
    return _joined(source, number, "/")


def fitted(text: str, most: int) -> str:
    """The text, or where it is too long to be kept its beginning and a digest. A name never begins like that."""
    if len(text) <= most:
        return text
    digest = blake2b(text.encode(), digest_size=DIGEST // 2).hexdigest()
    return rf"\~{text[: most - DIGEST - 2]}{digest}"


def _joined(source: str, number: str, between: str) -> str:
    marked = source.replace("\\", r"\\").replace(between, rf"\{between}")
    return f"{marked}{between}{number}"


# The checkout of a purchase p of the source s.
CHECKOUT = r"replace(replace(s.code, '\', '\\'), '/', '\/') || '/' || p.external_id"
