"""The help page shows what concerns a person, and nothing else."""

import pytest
from django.test import Client

from crm.org.models import Staff
from crm.org.permissions import Role
from crm.ui import help as helping

pytestmark = pytest.mark.django_db


SEGMENTS = "segments building clusters lookalikes lifetime leaving products targets"
TOPICS = {
    Role.CLERK: "counter consent work customers at-the-till family tiers rewards stored-value",
    Role.STORE_MANAGER: f"counter consent work sign-up customers {SEGMENTS} analyses at-the-till family tiers by-hand"
    " approvals rewards friends stored-value liability",
    Role.ANALYST: f"customers {SEGMENTS} analyses nights tiers rewards stored-value liability",
    Role.MARKETER: f"counter customers {SEGMENTS} scoring analyses nights tiers tier-versions approvals rewards earning"
    " coupons friends stored-value liability simulator imports quarantine",
}


@pytest.mark.parametrize(("role", "topics"), TOPICS.items())
def test_topics_by_role(role: Role, topics: str) -> None:
    assert [topic.name for topic in helping.topics_of(Staff(role=role))] == topics.split()


def test_the_page_is_in_the_menu_and_in_the_readers_language(client: Client, chen: Staff) -> None:
    assert chen.user is not None
    client.force_login(chen.user)
    Staff.objects.filter(pk=chen.pk).update(language="zh-hant")
    said = client.get("/help/").content.decode()
    assert "四位數字依電話末四碼查找" in said
    assert "金鑰" not in said
    assert 'href="/help/"' in said
