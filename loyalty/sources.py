"""What a sender's number goes by: its system and the number there, as one text.

Two different pairs have two different names: what parts them is marked where it stands in the system's own name
(`shop:a` and `7`: `shop\\:a:7`; `shop` and `a:7`: `shop:a:7`). Names without it stand as they are. Checkouts are parted
by a slash, and read by the database, too (`CHECKOUT`).
"""

from hashlib import blake2b

MOST = 100
MOST_OF_CHECKOUT = 105  # a system of 40 letters and a number of 64
DIGEST = 32


def named(source: str, number: str) -> str:
    return fitted(_joined(source, number, ":"), MOST)


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
