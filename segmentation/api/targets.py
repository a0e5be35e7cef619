"""Segments as markets: figures, scores, what was decided; and deciding."""

from typing import Any, cast

import msgspec
from django.utils.timezone import now

from crm.org.models import Staff
from crm.org.permissions import Permission
from crm.rest.endpoints import endpoint
from crm.rest.problems import InvalidInput, NotFound
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from segmentation.api.shares import SCORE, rounded
from segmentation.api.targetshapes import TargetChangeIn, TargetFigures, TargetOut, TargetPage, TargetSeen
from segmentation.targets import candidates, editing
from segmentation.targets.candidates import Candidate
from segmentation.targets.figures import Figures

TARGET_ID = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,39}$"}
UNKNOWN = {404: "There is no such segment, or it is somebody's own."}


class Targets(ApiView):
    """The segments as markets."""

    permission = Permission.VIEW_SEGMENTS
    scope = KeyScope.SEGMENTS_READ

    @endpoint("List target markets", answers={200: TargetPage})
    def get(self) -> TargetPage:
        """Every group and every segment that is for everybody, compared with one another."""
        found = candidates.market(self.caller)
        night = found.measured.night.on if found.measured else None
        return TargetPage(
            [shape(one) for one in found.candidates], None, night, cast(Any, found.targeting.mode)
        )


class Target(ApiView):
    """One segment as a market."""

    permission = Permission.VIEW_SEGMENTS
    scope = KeyScope.SEGMENTS_READ
    parts = {"target": TARGET_ID}

    @endpoint("Read a target market", answers={200: TargetOut}, problems=UNKNOWN)
    def get(self, target: str) -> TargetOut:
        """As the list shows it."""
        found = candidates.market(self.caller).named(target)
        if found is None:
            raise NotFound("There is no such segment.")
        return shape(found)

    @endpoint(
        "Decide about a target market", body=TargetChangeIn, answers={200: TargetOut},
        example={"status": "chosen", "review_on": "2027-03-01", "fit": 4, "remark": "They live around our stores."},
        permission=Permission.EDIT_TARGETS, scope=KeyScope.SEGMENTS_WRITE,
        problems={**UNKNOWN, 403: "`of_the_chain`: the key is for some stores only.",
            409: "`changed_meanwhile`: `errors` names the fields.", 422: "`invalid_target`."},
    )  # fmt: skip
    def patch(self, told: TargetChangeIn, target: str) -> TargetOut:
        """All that is named, or nothing. Status and judgement are kept with who said so and when."""
        record = candidates.find(self.caller, target)
        if record is None:
            raise NotFound("There is no such segment.")
        seen = told.based_on
        editing.edit(
            record, _fields(told, ""), by=self.caller, at=now(), remark=told.remark,
            based_on=None if isinstance(seen, msgspec.UnsetType) else _fields(seen, "/based_on"),
        )  # fmt: skip
        return self.get(target)


def shape(one: Candidate) -> TargetOut:
    target, scores = one.target, one.scores
    said = editing.values_of(target)
    owner = target.owner.code if target and target.owner else None
    plain = {name: said[name] for name in editing.FIELDS if name not in ("owner", "status")}
    return TargetOut(
        id=one.key, name=one.name, kind=cast(Any, one.kind), status=cast(Any, one.status.value), owner=owner,
        attractiveness=rounded(scores.attractiveness, SCORE), strength=rounded(scores.strength, SCORE),
        advice=cast(Any, scores.zone.value) if scores.zone else None,
        figures=_figures(one.figures) if one.figures else None, **plain,
    )  # fmt: skip


def _figures(of: Figures) -> TargetFigures:
    names = [field for field in TargetFigures.__struct_fields__ if field != "revenue"]
    return TargetFigures(revenue=f"{of.revenue:.2f}", **{name: rounded(getattr(of, name)) for name in names})


def _fields(told: TargetSeen, at: str) -> dict[str, Any]:
    """What is named, by the names of the domain; whom a seen owner was does not have to work here any more."""
    found = {name: getattr(told, name) for name in editing.FIELDS}
    found = {name: value for name, value in found.items() if not isinstance(value, msgspec.UnsetType)}
    if found.get("owner") is not None:
        found["owner"] = Staff.objects.filter(code=found["owner"]).first()
        if found["owner"] is None:
            raise InvalidInput.at(f"{at}/owner", "Nobody has this employee number.")
    return found
