"""One saved segment: reading, changing, previewing; and what definitions may name."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
from django.db import transaction
from django.utils.timezone import now

from crm.lib.refusals import Fault
from crm.org.permissions import Permission
from crm.rest.endpoints import endpoint
from crm.rest.problems import NotFound
from crm.rest.scopes import KeyScope
from crm.rest.views import ApiView
from customers.attributes import OPERATORS, Kind, registry
from segmentation import heatmap
from segmentation.api.savedshapes import (
    AskedOut,
    BehaviourOut,
    CountOut,
    MeasureOut,
    OperatorOut,
    PreviewIn,
    RegistryOut,
    SavedChange,
    SavedDetail,
    SavedOut,
    SegmentAttributeOut,
    SegmentPreviewOut,
)
from segmentation.models import Group, Segment, SegmentKind, SegmentVersion
from segmentation.segments import preview, saving
from segmentation.segments.members import newest
from segmentation.segments.reading import InvalidSegment, read
from segmentation.segments.sentences import sentence
from segmentation.segments.sizes import sizes

SEGMENT_ID = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,39}$"}
DEFINITION = {"attribute": "person.age", "is": "between", "value": [30, 45]}
EXAMPLE = {"name": "Thirty to forty-five", "definition": {"all": [DEFINITION]}}


class Saved(ApiView):
    """One segment."""

    permission = Permission.VIEW_SEGMENTS
    scope = KeyScope.SEGMENTS_READ
    parts = {"segment": SEGMENT_ID}

    @endpoint("Read a segment", answers={200: SavedDetail}, problems={404: "There is no such segment."})
    def get(self, segment: str) -> SavedDetail:
        """What it means, in JSON and in words."""
        found = find(segment, self.caller)
        if found is not None:
            return detail(found, self.caller)
        group = Group.objects.filter(code=segment).first()
        if group is None:
            raise NotFound("There is no such segment.")
        definition = {"attribute": "rfm.group", "is": "any_of", "value": [group.code]}
        return SavedDetail(
            group.code, group.name, "", "group", 0, False, _of_group(group, self.caller), definition,
            sentence(read(definition)),
        )  # fmt: skip

    @endpoint(
        "Change a segment", body=SavedChange, answers={200: SavedDetail},
        permission=Permission.EDIT_SEGMENTS, scope=KeyScope.SEGMENTS_WRITE,
        problems={403: "`of_the_chain`: it is somebody else's, and the key is for some stores only.",
            404: "There is no such saved segment.",
            409: "`changed_meanwhile`, `segment_name_taken`, `segment_in_use`, `segment_archived`.",
            422: "`invalid_segment`, `segment_circular`."},
    )  # fmt: skip
    def patch(self, told: SavedChange, segment: str) -> SavedDetail:
        """All that is named, or nothing."""
        found = find(segment, self.caller)
        if found is None:
            raise NotFound("There is no such segment.")
        with transaction.atomic():
            _change(found, told, self.caller)
        found.refresh_from_db()
        return detail(found, self.caller)


def _change(found: Segment, told: SavedChange, by: Any) -> None:
    if told.is_archived is False:
        saving.restore(found, by=by)
    described = {name: getattr(told, name) for name in ("name", "about")}
    saving.describe(found, by=by, **{k: v for k, v in described.items() if v is not msgspec.UNSET})
    if told.definition is not msgspec.UNSET:
        seen = None if told.version is msgspec.UNSET else told.version
        with placed():
            saving.change(found, told.definition, by=by, seen=seen, remark=told.remark)
    if told.is_archived is True:
        saving.archive(found, by=by, at=now())


def _of_group(group: Group, caller: Any) -> int | None:
    """As the list of segments says it: of the last night."""
    found = heatmap.heatmap(caller, None)
    return None if found is None else {str(one.key): one.customers for one in found.groups}.get(group.code, 0)


class SegmentPreview(ApiView):
    """A segment before it is saved."""

    permission = Permission.VIEW_SEGMENTS
    scope = KeyScope.SEGMENTS_READ
    writes = False

    @endpoint(
        "Preview a segment", body=PreviewIn, answers={200: SegmentPreviewOut}, example={"definition": DEFINITION},
        problems={422: "`invalid_segment`: each fault with its place."},
    )  # fmt: skip
    def post(self, told: PreviewIn) -> SegmentPreviewOut:
        """Of the stores that the key sees, at this moment. Nothing is saved."""
        with placed():
            tree = read(told.definition, self.caller)
        found = preview.preview(tree, self.caller)
        return SegmentPreviewOut(
            found.customers, sentence(tree, self.caller), _counts(found.funnel), _counts(found.channels), found.parts,
            [one.public_id for one in found.sample],
        )  # fmt: skip


class Attributes(ApiView):
    """What definitions may name."""

    permission = Permission.VIEW_SEGMENTS
    scope = KeyScope.SEGMENTS_READ

    @endpoint("List what segments can ask", answers={200: RegistryOut})
    def get(self) -> RegistryOut:
        """With the words that people read, in the language of the call."""
        return RegistryOut(
            {code: str(label) for code, label in registry.headings()},
            [SegmentAttributeOut(**_asked(one), heading=one.heading) for one in registry.asked_by(self.caller)],
            [
                BehaviourOut(
                    one.code, str(one.label), [AskedOut(**_asked(field)) for field in one.fields],
                    [MeasureOut(m.code, str(m.label), str(m.kind), m.unit) for m in one.measures],
                )
                for one in registry.behaviours()
            ],
        )  # fmt: skip


@contextmanager
def placed() -> Iterator[None]:
    """Faults of a definition point into the body of the call."""
    try:
        yield
    except InvalidSegment as refused:
        faults = tuple(_in_body(fault) for fault in refused.faults)
        raise InvalidSegment(refused.message, faults=faults) from refused


def _in_body(fault: Fault) -> Fault:
    is_other = fault.pointer == "/name"
    return fault if is_other else Fault(f"/definition{fault.pointer.rstrip('/')}", fault.detail)


def find(text: str, caller: Any) -> Segment | None:
    number = Segment.row_id(text)
    return None if number is None else Segment.objects.visible_to(caller).filter(pk=number).first()


def listed(caller: Any) -> list[SavedOut]:
    """Those in use that the caller sees, by name."""
    rows = list(Segment.objects.visible_to(caller).in_use().order_by("name", "pk"))
    inside = sizes(rows, caller, now())
    numbers = SegmentVersion.objects.filter(segment__in=rows).order_by("number")
    versions = dict(numbers.values_list("segment_id", "number"))
    return [SavedOut(**_plain(one, versions[one.pk]), customers=inside[one.pk].now) for one in rows]


def detail(segment: Segment, caller: Any) -> SavedDetail:
    version = newest(segment.pk)
    assert version is not None
    tree = None if segment.kind == SegmentKind.LIST else read(version.definition)
    return SavedDetail(
        **_plain(segment, version.number), customers=sizes([segment], caller, now())[segment.pk].now,
        definition=version.definition,
        sentence=sentence(tree, caller) if tree else str(SegmentKind(segment.kind).label),
    )  # fmt: skip


def _plain(one: Segment, version: int) -> dict[str, Any]:
    return {
        "id": one.public_id, "name": one.name, "about": one.about, "kind": str(one.kind), "version": version,
        "is_archived": one.archived_at is not None,
    }  # fmt: skip


def _counts(found: list[preview.Reach]) -> list[CountOut]:
    return [CountOut(one.code, one.customers) for one in found]


def _asked(one: Any) -> dict[str, Any]:
    options: Mapping[str, Any] | None = None if one.options is None or one.is_long else one.options()
    return {
        "code": one.code, "label": str(one.label), "kind": str(one.kind), "unit": one.unit,
        "operators": [OperatorOut(str(o), str(o.label), o.takes) for o in OPERATORS[Kind(one.kind)]],
        "options": options and {code: str(label) for code, label in options.items()},
    }  # fmt: skip
