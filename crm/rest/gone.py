"""What a repeated call is answered whose first answer told of a person who has been erased since."""

from typing import Any

import msgspec

_BODY = msgspec.json.encode(
    {"type": "about:blank", "title": "Gone", "status": 410, "code": "erased",
     "detail": "The person that this call was about has been erased. It is not done again."}
)  # fmt: skip


def answer(_subject: Any) -> dict[str, Any]:
    """The new values of a `StoredAnswer`."""
    return {"status": 410, "body": _BODY}
