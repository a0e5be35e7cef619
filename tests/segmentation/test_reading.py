"""Reading definitions: what the registry does not know is refused."""

from typing import Any

import pytest

from segmentation.segments.reading import InvalidSegment, read

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "given",
    [
        {"attribute": "person.age; DROP", "is": "known"},
        {"attribute": "person.age", "is": "at_least", "value": "1; DROP"},
        {"attribute": "person.age", "is": "= 1 OR", "value": 1},
        {"did": "bought'", "is": "at_least", "value": 1},
        {"did": "bought", "count": "sum(1)", "is": "at_least", "value": 1},
        {"did": "bought", "where": [{"field": "1=1", "is": "known"}], "is": "at_least", "value": 1},
        {"did": "bought", "when": {"last_days": "1"}, "is": "at_least", "value": 1},
        {"member_of": "seg_1 OR 1=1"},
        {"attribute": "person.occupation", "is": "is", "value": "nul\0"},
    ],
)
def test_what_the_registry_does_not_know_is_refused(given: dict[str, Any], chain: Any) -> None:
    with pytest.raises(InvalidSegment):
        read(given)
