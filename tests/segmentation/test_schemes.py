"""What may be saved as a scheme. A refusal changes nothing."""

import pytest

from segmentation import schemes
from segmentation.models import Method, Scheme

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "limits", [[1, 2, 3], [1, 2, 2, 3], [4, 3, 2, 1], [-1, 2, 3, 4], [1, 2, 3, 10**20], [1, 2, 3, "4"], None]
)
def test_limits_that_could_not_be_scored_with_are_refused(limits: object) -> None:
    before = Scheme.current().pk
    good = [10, 20, 30, 40]
    cuts = {"recency": good, "frequency": good, "monetary": limits}
    with pytest.raises(schemes.SchemeInvalid) as refusal:
        schemes.change(by="system:test", method=Method.FIXED, cuts=cuts)
    assert [fault.pointer for fault in refusal.value.faults] == ["cuts.monetary"]
    assert Scheme.current().pk == before
