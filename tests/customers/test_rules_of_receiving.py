"""The pure rules, on anything hypothesis can think of: acceptance, fingerprints, written forms."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from crm.lib import normalise
from customers.models import ArrivalState
from customers.receiving import acceptance, events
from customers.receiving.events import Line, Receipt, Return, ReturnedLine

NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)
lines = st.dictionaries(st.integers(1, 3), st.tuples(st.integers(1, 4000), st.integers(0, 500)), min_size=1)
returned = st.lists(
    st.builds(
        lambda key, hour, given: Return(
            "till", f"b{key}", "HARB", NOON + timedelta(hours=hour), "till", "r",
            [ReturnedLine(number, milli, cents) for number, (milli, cents) in sorted(given.items())],
        ),
        st.integers(0, 30), st.integers(0, 2), lines,
    ),
    max_size=8, unique_by=lambda event: event.external_id,
)  # fmt: skip


@settings(deadline=None)
@given(lines, returned, st.randoms(use_true_random=False))
def test_verdicts_do_not_depend_on_the_order_and_never_exceed(bought, events_, chance) -> None:
    verdicts, back = acceptance.judge(bought, events_)
    shuffled = list(events_)
    chance.shuffle(shuffled)
    assert acceptance.judge(bought, shuffled) == (verdicts, back)
    assert all(milli <= bought[n][0] and cents <= bought[n][1] for n, (milli, cents) in back.items())
    accepted = [e for e in events_ if verdicts[e.source, e.external_id].state == ArrivalState.APPLIED]
    assert sum(cents for _milli, cents in back.values()) == sum(event.cents for event in accepted)


@settings(deadline=None)
@given(lines, returned)
def test_what_is_not_accepted_takes_nothing_away(bought, events_) -> None:
    verdicts, back = acceptance.judge(bought, events_)
    accepted = [e for e in events_ if verdicts[e.source, e.external_id].state == ArrivalState.APPLIED]
    assert acceptance.judge(bought, accepted)[1] == back


receipts = st.builds(
    lambda at, given, who, staff: Receipt(
        "till", "r", "HARB", 1, NOON + timedelta(seconds=at), who, staff,
        [Line(number, f"SKU{number}", milli, cents, 0) for number, (milli, cents) in sorted(given.items())],
        [],
    ),
    st.integers(0, 3), lines, st.sampled_from([None, ("card", "C1"), ("phone", "+8613800138000")]),
    st.sampled_from(["", "E1"]),
)  # fmt: skip


@settings(deadline=None)
@given(receipts, receipts)
def test_fingerprints_are_equal_exactly_where_receipts_are(one, other) -> None:
    assert (one.fingerprint() == other.fingerprint()) == (one == other)


@settings(deadline=None)
@given(receipts)
def test_the_zone_in_which_a_moment_is_written_does_not_matter(receipt) -> None:
    from zoneinfo import ZoneInfo

    elsewhere = receipt._replace(occurred_at=receipt.occurred_at.astimezone(ZoneInfo("America/New_York")))
    assert elsewhere.fingerprint() == receipt.fingerprint()


@settings(deadline=None)
@given(st.integers(-(10**11), 10**11))
def test_amounts_are_read_as_they_are_written(cents) -> None:
    assert events.cents(events.decimal_text(cents, 2)) == cents
    assert events.milli(events.decimal_text(cents // 100, 3)) == cents // 100


@settings(deadline=None)
@given(st.text(max_size=60))
def test_a_normal_form_is_its_own_normal_form(text) -> None:
    for form in (normalise.phone, normalise.email, normalise.number, normalise.opaque):
        once = form(text)
        assert once is None or form(once) == once
    assert normalise.plain(normalise.plain(text)) == normalise.plain(text)


@settings(deadline=None)
@given(
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(["", "+86", "0086", "+86 ", "(+86) "])
)
def test_a_chinese_mobile_however_it_is_written(number, prefix) -> None:
    full_width = number.translate({ord(str(d)): ord("０") + d for d in range(10)})
    for written in (
        number,
        f"{number[:3]}-{number[3:7]}-{number[7:]}",
        f"{number[:3]} {number[3:7]} {number[7:]}",
        full_width,
    ):
        assert normalise.phone(prefix + written, "CN") == f"+86{number}"
