"""Who looks at some stores is told which figures are the whole chain's; who looks at all is not told twice."""

import pytest
from django.utils import translation

from crm.org.models import Staff, Store
from segmentation.views.scope import Narrowed, whole_chain

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("language", "said"), [("en", "of the whole chain"), ("zh-hans", "全企业"), ("zh-hant", "全企業")]
)
def test_what_stands_at_the_heads(
    language: str, said: str, marta: Staff, max_: Staff, harbour: Store
) -> None:
    with translation.override(language):
        assert whole_chain(marta) == said
        assert whole_chain(Narrowed(max_, frozenset({harbour.pk}))) == said
        assert whole_chain(max_) == ""
