"""Saved segments as they come in and go out. A definition is described in docs/algorithms/segments.md."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

Name = Annotated[str, Meta(min_length=1, max_length=80)]
About = Annotated[str, Meta(max_length=400)]
Remark = Annotated[str, Meta(max_length=200, description="Why it changed.")]
Version = Annotated[int, Meta(ge=1, le=2**31 - 1, description="The version that the change was made from.")]
Definition = Annotated[dict[str, Any], Meta(description="A nest of all, any and none over conditions.")]
SavedKind = Literal["group", "rules", "list"]


class SavedOut(msgspec.Struct):
    """`customers`: of the key's stores, now; null for the seconds until a new one is counted. `version` 0: a group of
    the RFM grid, whose customers are those of the last night."""

    id: str
    name: str
    about: str
    kind: SavedKind
    version: int
    is_archived: bool
    customers: int | None


class SavedDetail(SavedOut):
    """`sentence` says the definition in words. That of a list is {}."""

    definition: dict[str, Any]
    sentence: str


class SavedIn(msgspec.Struct, forbid_unknown_fields=True):
    name: Name
    definition: Definition
    about: About = ""


class SavedChange(msgspec.Struct, forbid_unknown_fields=True):
    """Only what is named changes. A definition makes the next version."""

    name: Name | UnsetType = UNSET
    about: About | UnsetType = UNSET
    definition: Definition | UnsetType = UNSET
    version: Version | UnsetType = UNSET
    remark: Remark = ""
    is_archived: bool | UnsetType = UNSET


class PreviewIn(msgspec.Struct, forbid_unknown_fields=True):
    definition: Definition


class CountOut(msgspec.Struct):
    code: str
    customers: int


class SegmentPreviewOut(msgspec.Struct):
    """`funnel`: each stage is part of the one before. `conditions`: what each of the outermost finds by itself."""

    customers: int
    sentence: str
    funnel: list[CountOut]
    channels: list[CountOut]
    conditions: list[int]
    sample: list[str]


class OperatorOut(msgspec.Struct):
    """`takes`: "nothing", "one" value, "two", "many" (a list) or "days"."""

    code: str
    label: str
    takes: str


class AskedOut(msgspec.Struct):
    """What can be asked. `options`: code to label of a choice; null of those with too many to list."""

    code: str
    label: str
    kind: str
    unit: str
    operators: list[OperatorOut]
    options: dict[str, str] | None


class SegmentAttributeOut(AskedOut):
    heading: str


class MeasureOut(msgspec.Struct):
    code: str
    label: str
    kind: str
    unit: str


class BehaviourOut(msgspec.Struct):
    code: str
    label: str
    fields: list[AskedOut]
    measures: list[MeasureOut]


class RegistryOut(msgspec.Struct):
    """Everything that definitions may name, as far as the key may ask it. `headings`: code to label, in their order."""

    headings: dict[str, str]
    attributes: list[SegmentAttributeOut]
    behaviours: list[BehaviourOut]
