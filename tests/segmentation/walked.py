"""What of clusters and look-alikes the walks over all addresses need."""

from typing import Any

from crm.jobs.models import Job, State
from crm.org.models import Store
from customers import nights
from customers.models import Customer, Night
from segmentation.models import Among, Cluster, ClusterMember, LookAlike, LookAlikeMatch

BODIES: dict[tuple[str, str], Any] = {("api-lookalikes", "post"): {"seed": "value_class", "key": "3"}}


def cluster() -> Cluster:
    """A cluster of all customers, in the published night."""
    night = nights.published() or Night.objects.order_by("-pk").first()
    assert night is not None
    found = Cluster.objects.create(
        born_night=night, names={"en": "Walked", "zh-hans": "走过", "zh-hant": "走過"}
    )
    people = Customer.objects.living().order_by("pk")
    ClusterMember.objects.bulk_create(
        ClusterMember(customer=who, night=night, cluster=found) for who in people
    )
    return found


def search(people: list[Customer], shop: Store) -> LookAlike:
    """One among the customers of a store that found all of these."""
    job = Job.objects.create(kind="lookalikes", key=f"walked {shop.code}", state=State.DONE)
    one = LookAlike.objects.create(
        seed="value_class", key="3", title="High", among=Among.ALL, most=100, job=job, created_by="staff:1",
        stores=[shop.pk],
        figures={"seed": 40, "fewest": 30, "found": 3, "candidates": 9, "models": {}},
    )  # fmt: skip
    LookAlikeMatch.objects.bulk_create(
        LookAlikeMatch(customer=who, lookalike=one, rank=rank, score=90, is_profile=True, shared=["gender:f"])
        for rank, who in enumerate(people, start=1)
    )
    return one
