"""What customers agreed to: the latest word holds, at a tie the stricter one, and minors need a guardian."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.audit.models import Entry
from crm.org.models import Chain, Staff, Store
from customers import consents
from customers.consents import CELLS, cell, wordings
from customers.consents.cells import NO_CONTACT
from customers.models import Consent, ConsentRules, Customer, Guardian
from tests import cast

pytestmark = pytest.mark.django_db

EMAIL = cell("email", "marketing")
SMS = cell("sms", "marketing")
MORNING = datetime(2026, 3, 10, 1, tzinfo=UTC)


def say(
    who: Customer, given_: bool | None, at: datetime | None = MORNING, *, by: Any = "system:test", **more: Any
) -> int:
    told: dict[str, Any] = {
        "channel": "email",
        "purpose": "marketing",
        "wording": "unknown/test",
        "source": "test",
    }
    return consents.record(who, is_given=given_, by=by, at=at, **(told | more))


def test_nobody_agreed_to_what_they_were_not_asked(irina: Customer) -> None:
    standing = consents.state_of(irina)
    assert set(standing.cells) == set(CELLS)
    assert len(CELLS) == 14
    assert not any(state.counts for state in standing.cells.values())
    assert not standing.do_not_contact
    assert consents.allowed([irina.pk], "email", "marketing") == set()


def test_a_yes_holds_for_its_own_cell_alone(irina: Customer, chen: Staff, harbour: Store) -> None:
    wording = wordings.current("en", [EMAIL])[EMAIL]
    event = consents.record(
        irina, channel="email", purpose="marketing", is_given=True, wording=wording, source="counter", by=chen,
        at=MORNING, store_id=harbour.pk,
    )  # fmt: skip
    state = consents.state_of(irina).cells[EMAIL]
    assert (state.is_given, state.counts, state.since, state.source) == (True, True, MORNING, "counter")
    assert (state.wording, state.recorded_by, state.event) == (
        "email.marketing.en.1",
        f"staff:{chen.pk}",
        event,
    )
    assert consents.allows(irina.pk, "email", "marketing")
    assert [one.code for one in CELLS if consents.allowed([irina.pk], one.channel, one.purpose)] == [
        "email.marketing"
    ]
    entry = Entry.objects.get(action="consent.record")
    assert (entry.subject, entry.store_id) == (f"customers.customer:{irina.pk}", harbour.pk)
    assert entry.details == {"said": {"email.marketing": True}, "events": [event], "source": "counter"}


def test_the_latest_word_holds_whatever_came_in_first(irina: Customer) -> None:
    say(irina, False, MORNING + timedelta(hours=2))
    say(irina, True, MORNING + timedelta(hours=1))  # learnt later, said earlier
    assert consents.state_of(irina).cells[EMAIL].is_given is False
    assert not consents.allows(irina.pk, "email", "marketing")
    say(irina, True, MORNING + timedelta(hours=3))
    assert consents.allows(irina.pk, "email", "marketing")


@pytest.mark.parametrize("order", list(permutations([True, False, None])))
def test_of_words_at_one_time_the_no_holds(order: tuple[bool | None, ...], irina: Customer) -> None:
    for word in order:
        say(irina, word)
    assert consents.state_of(irina).cells[EMAIL].is_given is False
    assert consents.allowed([irina.pk], "email", "marketing") == set()


def test_the_state_at_a_past_moment_and_what_was_known_then(irina: Customer) -> None:
    say(irina, True, MORNING)
    say(irina, False, MORNING + timedelta(days=2))
    at = [
        consents.state_of(irina, MORNING + timedelta(days=days)).cells[EMAIL].is_given
        for days in (-1, 0, 1, 2, 3)
    ]
    assert at == [None, True, True, False, False]
    first = Consent.objects.order_by("pk").first()
    assert first is not None
    known = consents.state_of(irina, known_at=first.recorded_at)
    assert known.cells[EMAIL].is_given is True
    assert consents.state_of(irina, known_at=MORNING).cells[EMAIL].is_given is None


def test_do_not_contact_overrides_and_is_lifted(irina: Customer) -> None:
    for one in CELLS:
        say(irina, True, channel=one.channel, purpose=one.purpose)
    consents.record(
        irina,
        channel=None,
        purpose="contact",
        is_given=False,
        wording=None,
        source="t",
        by="system:test",
        at=None,
    )
    standing = consents.state_of(irina)
    assert standing.do_not_contact
    assert not any(standing.allows(one) for one in CELLS)
    assert not any(consents.allows(irina.pk, one.channel, one.purpose) for one in (*CELLS, NO_CONTACT))
    assert standing.cells[EMAIL].is_given is True  # kept, and holds again once contact is allowed
    consents.record(
        irina,
        channel=None,
        purpose="contact",
        is_given=True,
        wording=None,
        source="t",
        by="system:test",
        at=None,
    )
    assert all(consents.allows(irina.pk, one.channel, one.purpose) for one in (*CELLS, NO_CONTACT))


def test_a_slip_is_undone_to_what_was_before(irina: Customer, chen: Staff) -> None:
    first = Consent.objects.get(pk=say(irina, True))
    slip = Consent.objects.get(pk=say(irina, False, None))
    with pytest.raises(consents.NotTheLatest):
        consents.undo(irina.pk, [first.pk], by=chen)
    undone = Consent.objects.get(pk=consents.undo(irina.pk, [slip.pk], by=chen)[0])
    assert (undone.is_given, undone.wording, undone.source) == (True, first.wording, f"undo:{slip.pk}")
    assert consents.allows(irina.pk, "email", "marketing")
    assert [one.pk for one in consents.history(irina.pk)] == [undone.pk, slip.pk, first.pk]


def test_the_first_word_is_undone_to_not_asked(irina: Customer, chen: Staff) -> None:
    consents.undo(irina.pk, [say(irina, True)], by=chen)
    assert consents.state_of(irina).cells[EMAIL].is_given is None
    assert not consents.allows(irina.pk, "email", "marketing")


def test_no_word_is_of_the_future(irina: Customer) -> None:
    event = Consent.objects.get(pk=say(irina, True, datetime(2999, 1, 1, tzinfo=UTC)))
    assert event.occurred_at == event.recorded_at
    say(irina, False, None)
    assert not consents.allows(irina.pk, "email", "marketing")


@pytest.mark.parametrize(
    ("channel", "purpose"),
    [("pigeon", "marketing"), ("email", "fun"), (None, "marketing"), ("any", "service"), (9, 1)],
)
def test_unknown_cells_are_refused(channel: Any, purpose: Any, irina: Customer) -> None:
    with pytest.raises(consents.UnknownCell):
        say(irina, True, channel=channel, purpose=purpose)
    assert not Consent.objects.exists()


def test_a_yes_needs_a_wording_about_the_same(irina: Customer) -> None:
    about_profiles = wordings.current("en")[cell(None, "profiling")]
    for wording in (None, about_profiles, "email.marketing.en.99"):
        with pytest.raises((consents.InvalidConsent, wordings.InvalidWording)):
            say(irina, True, wording=wording)
    assert not Consent.objects.exists()
    assert not Entry.objects.exclude(action="defaults.make").exists()
    say(irina, False, wording=None)


def test_the_database_keeps_words_and_wordings(irina: Customer) -> None:
    say(irina, True, wording=wordings.current("en", [EMAIL])[EMAIL])
    for table in ("customers_consent", "customers_wording"):
        for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
            with (
                pytest.raises(IntegrityError, match="only added"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement)
    assert consents.allows(irina.pk, "email", "marketing")


def test_whoever_was_merged_away_speaks_for_the_survivor(irina: Customer, yusuf: Customer) -> None:
    Customer.objects.filter(pk=irina.pk).update(merged_into=yusuf)
    event = Consent.objects.get(pk=say(irina, True))
    assert event.customer_id == yusuf.pk
    assert consents.allowed([irina.pk, yusuf.pk], "email", "marketing") == {yusuf.pk}
    assert not consents.allows(irina.pk, "email", "marketing")


# Wordings -----------------------------------------------------------------------------------------------------------


def test_every_cell_has_a_text_in_every_language(chain: Chain) -> None:
    english, chinese = wordings.current("en"), wordings.current("zh-hans")
    assert set(english) == set(chinese) == set(CELLS)
    assert english[SMS].text == "Send me offers and news by SMS. I can stop this at any time."
    assert all(english[one].text != chinese[one].text for one in CELLS)
    assert wordings.current("xx")[SMS] == english[SMS]


def test_a_changed_wording_is_a_new_version(ana: Staff, irina: Customer) -> None:
    first = wordings.current("en", [SMS])[SMS]
    second = wordings.change(SMS, "en", "  Text me  offers. ", by=ana)
    assert (first.code, second.code, second.text) == (
        "sms.marketing.en.1",
        "sms.marketing.en.2",
        "Text me offers.",
    )
    assert wordings.current("en", [SMS])[SMS] == second
    assert wordings.change(SMS, "en", "Text me offers.", by=ana) == second
    with pytest.raises(wordings.InvalidWording):
        wordings.change(SMS, "en", " ", by=ana)


# Minors -------------------------------------------------------------------------------------------------------------

TODAY = date(2026, 3, 10)


def guardian(of: Customer, at: datetime = MORNING) -> Guardian:
    return Guardian.objects.create(
        customer=of,
        name="Petra",
        relation="mother",
        verified="signed",
        confirmed_at=at,
        recorded_by="system:test",
    )


@pytest.mark.parametrize(
    ("birthday", "counts"),
    [(None, True), (date(2012, 3, 10), True), (date(2012, 3, 11), False), (date(2024, 1, 1), False)],
)
def test_a_minors_yes_counts_only_with_a_guardian(
    birthday: date | None, counts: bool, irina: Customer
) -> None:
    irina.birthday = birthday
    irina.save()
    for purpose in ("marketing", "profiling", "sharing", "service"):
        say(irina, True, purpose=purpose)
    asked = [("email", "marketing"), (None, "profiling"), (None, "sharing")]
    assert [consents.allows(irina.pk, *one) for one in asked] == [counts] * 3
    assert consents.allows(irina.pk, "email", "service")
    standing = consents.state_of(irina, MORNING)
    assert (standing.is_minor, standing.lacks_guardian) == (not counts, not counts)
    record = guardian(irina)
    assert all(consents.allows(irina.pk, *one) for one in asked)
    assert consents.state_of(irina, MORNING - timedelta(seconds=1)).has_guardian is False
    record.ended_at = MORNING + timedelta(hours=1)
    record.save()
    assert [consents.allows(irina.pk, *one) for one in asked] == [counts] * 3
    assert consents.state_of(irina, MORNING).cells[EMAIL].counts


def test_the_state_follows_a_corrected_birthday_and_the_chains_age(irina: Customer) -> None:
    say(irina, True)
    Customer.objects.filter(pk=irina.pk).update(birthday=date(2013, 1, 1))
    assert not consents.allows(irina.pk, "email", "marketing")
    Customer.objects.filter(pk=irina.pk).update(birthday=date(2003, 1, 1))
    assert consents.allows(irina.pk, "email", "marketing")
    Customer.objects.filter(pk=irina.pk).update(
        birthday=date(2011, 1, 1)
    )  # 15: of age in China, a child by stricter rules
    assert consents.allows(irina.pk, "email", "marketing")
    ConsentRules.objects.create(adult_at=16)
    assert not consents.allows(irina.pk, "email", "marketing")


def test_growing_up_makes_no_yes_of_a_childs_word(irina: Customer) -> None:
    Customer.objects.filter(pk=irina.pk).update(birthday=date(2008, 1, 1))
    say(irina, True, datetime(2020, 6, 1, tzinfo=UTC))
    assert not consents.allows(irina.pk, "email", "marketing")
    say(irina, True, datetime(2023, 6, 1, tzinfo=UTC))
    assert consents.allows(irina.pk, "email", "marketing")


@pytest.mark.parametrize(("at", "counts"), [("2026-02-28T15:59:59Z", False), ("2026-02-28T16:00:00Z", True)])
def test_the_day_is_the_chains(at: str, counts: bool, irina: Customer) -> None:
    """Born on 29 February 2012 and 14 on 1 March 2026, which begins at 16:00 UTC in Shanghai."""
    Customer.objects.filter(pk=irina.pk).update(birthday=date(2012, 2, 29))
    say(irina, True, datetime.fromisoformat(at))
    assert consents.allows(irina.pk, "email", "marketing") is counts
    assert consents.state_of(irina).cells[EMAIL].counts is counts


# A state is a function of a set -------------------------------------------------------------------------------------

WORDS = st.tuples(
    st.sampled_from([EMAIL, SMS, cell("email", "service"), cell(None, "profiling"), NO_CONTACT]),
    st.sampled_from([True, False, None]),
    st.integers(0, 6),  # days; few, so that words meet
)
BIRTHDAYS = st.sampled_from([None, date(2000, 1, 1), date(2012, 3, 13), date(2020, 1, 1)])


@settings(max_examples=60, deadline=None)
@given(words=st.lists(WORDS, max_size=10), data=st.data(), birthday=BIRTHDAYS, guarded=st.booleans())
def test_the_order_of_arrival_does_not_matter(
    words: list[Any], data: Any, birthday: date | None, guarded: bool
) -> None:
    with transaction.atomic():
        cast.chain()
        one, other = (Customer.objects.create(name=name, birthday=birthday) for name in ("One", "Other"))
        for person, told in ((one, words), (other, data.draw(st.permutations(words)))):
            for where, word, day in told:
                say(person, word, MORNING + timedelta(days=day), channel=where.channel, purpose=where.purpose)
            if guarded:
                guardian(person)
        assert _said(one) == _said(other) == _reference(words, birthday, guarded)
        for where in (*CELLS, NO_CONTACT):
            standing = consents.state_of(one)
            expected = not standing.do_not_contact if where == NO_CONTACT else standing.allows(where)
            assert consents.allows(one.pk, where.channel, where.purpose) is expected
            found = consents.allowed([one.pk, other.pk], where.channel, where.purpose)
            assert found == ({one.pk, other.pk} if expected else set())
        transaction.set_rollback(True)


def _said(person: Customer) -> dict[str, tuple[bool | None, bool]]:
    standing = consents.state_of(person)
    states = {one.code: (state.is_given, standing.allows(one)) for one, state in standing.cells.items()}
    return states | {"contact": (standing.contact.is_given, not standing.do_not_contact)}


def _reference(words: list[Any], birthday: date | None, guarded: bool) -> dict[str, tuple[bool | None, bool]]:
    """The rule as a person would say it."""
    said: dict[Any, tuple[bool | None, int]] = {}
    for where in (*CELLS, NO_CONTACT):
        told = [
            (day, {True: 0, None: 1, False: 2}[word], word) for cell_, word, day in words if cell_ == where
        ]
        day, _strict, word = max(told, key=lambda one: one[:2], default=(0, 0, None))
        said[where] = word, day
    silent = said[NO_CONTACT][0] is False
    answer = {"contact": (said[NO_CONTACT][0], not silent)}
    for where in CELLS:
        word, day = said[where]
        on = (MORNING + timedelta(days=day)).date()
        of_age = birthday is None or (on.year - 14, on.month, on.day) >= (
            birthday.year,
            birthday.month,
            birthday.day,
        )
        counts = bool(word) and (where.purpose.code == "service" or of_age or guarded)
        answer[where.code] = word, counts and not silent
    return answer


@pytest.mark.parametrize(
    ("said", "is_refused"),
    [
        ((), False),
        ((True,), False),
        ((False,), True),
        ((True, False), True),
        ((False, True), False),
        ((True, None), True),
    ],
)
def test_until_they_object(irina: Customer, said: tuple[bool | None, ...], is_refused: bool) -> None:
    """Never asked is no refusal; asked without a yes that holds is one."""
    for minute, word in enumerate(said):
        say(irina, word, MORNING + timedelta(minutes=minute), channel=None, purpose="profiling")
    assert (irina.pk in consents.refused([irina.pk], None, "profiling")) is is_refused
    assert consents.state_of(irina).refuses(cell(None, "profiling")) is is_refused


def test_no_contact_overrides_a_yes_to_the_profile(irina: Customer, yusuf: Customer) -> None:
    say(irina, True, channel=None, purpose="profiling")
    for who in (irina, yusuf):
        say(who, False, channel=None, purpose="contact", wording=None)
    assert consents.refused([irina.pk, yusuf.pk], None, "profiling") == {irina.pk}


def test_who_was_merged_away_is_nobody_even_where_a_word_was_left_behind(
    irina: Customer, yusuf: Customer
) -> None:
    say(yusuf, True)
    assert consents.allows(yusuf.pk, "email", "marketing")
    Customer.objects.filter(pk=yusuf.pk).update(merged_into=irina)
    assert not consents.allows(yusuf.pk, "email", "marketing")
    assert consents.allowed([irina.pk, yusuf.pk], "email", "marketing") == set()
