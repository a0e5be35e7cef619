"""However many numbers the builder shows, what a condition looks at is looked at once."""

from datetime import date

import pytest

from customers.attributes import Moment
from segmentation.models import Segment, SegmentKind
from segmentation.segments import compiling
from segmentation.segments.tree import Deed, Group, MemberOf, Then


@pytest.mark.django_db
def test_several_counts_share_what_they_join() -> None:
    listed = Segment.objects.create(name="L", kind=SegmentKind.LIST)
    asked = (Then(Deed("bought"), Deed("returned"), 30), MemberOf(listed.pk))
    tree = Group("all", asked)
    query = compiling.counts([tree, Group("any", asked), *asked], Moment(date(2026, 3, 10), 0))
    assert query.sql.count("LEFT JOIN (") == compiling.counts([tree], Moment(date(2026, 3, 10), 0)).sql.count(
        "LEFT JOIN ("
    )
