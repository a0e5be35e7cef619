"""What a repeated call is answered whose first answer told of a person who has been erased since."""

from functools import reduce
from operator import or_
from typing import Any

import msgspec
from django.db.models import Q, QuerySet

from crm.org.models import public_id
from crm.privacy import rows
from crm.rest.models import StoredAnswer

_BODY = msgspec.json.encode(
    {"type": "about:blank", "title": "Gone", "status": 410, "code": "erased",
     "detail": "The person that this call was about has been erased. It is not done again."}
)  # fmt: skip


def about(subject: Any) -> QuerySet[StoredAnswer]:
    """Answers that quote the person, or of calls that named their number: a note that was kept quotes nobody."""
    own = [public_id("cus").encode(number) for number in subject.customer_ids]
    asked = [("body", [*subject.quotes, *own]), ("path", own)]
    found = reduce(or_, (Q(rows.quotes(StoredAnswer, name, texts)) for name, texts in asked))
    return StoredAnswer.objects.filter(found)


def answer(_subject: Any) -> dict[str, Any]:
    """The new values of a `StoredAnswer`."""
    return {"status": 410, "body": _BODY}
