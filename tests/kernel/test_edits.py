"""Two people at one record: what is written, what is refused."""

import pytest

from crm.lib.edits import ChangedMeanwhile, changes

SEEN = {"name": "Harbour", "code": "HARB", "open": True}


def test_only_what_was_touched_is_written() -> None:
    now = SEEN | {"code": "HRB"}  # somebody else, meanwhile
    assert changes(now, SEEN | {"name": "The Harbour"}, SEEN) == {"name": "The Harbour"}


def test_the_same_field_is_refused_with_what_stands_there() -> None:
    now = SEEN | {"name": "Old Harbour", "code": "HRB"}
    with pytest.raises(ChangedMeanwhile) as refusal:
        changes(now, SEEN | {"name": "The Harbour", "open": False}, SEEN)
    assert (refusal.value.code, refusal.value.status) == ("changed_meanwhile", 409)
    assert refusal.value.now == {"name": "Old Harbour"}
    assert [fault.pointer for fault in refusal.value.faults] == ["/name"]


def test_the_same_change_by_both_is_no_dispute() -> None:
    now = SEEN | {"name": "The Harbour"}
    assert changes(now, SEEN | {"name": "The Harbour"}, SEEN) == {"name": "The Harbour"}


def test_without_a_basis_everything_is_written() -> None:
    assert changes(SEEN, {"name": "Pier"}, None) == {"name": "Pier"}
