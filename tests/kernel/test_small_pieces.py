"""Public ids and refusals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.lib.publicid import PublicId
from crm.lib.refusals import Fault, Refusal
from crm.rest import problems

IDS = PublicId("cus", b"k" * 32)
NUMBERS = st.integers(min_value=0, max_value=2**60 - 1)


@given(NUMBERS)
def test_a_public_id_leads_back(number: int) -> None:
    text = IDS.encode(number)
    assert len(text) == 16
    assert IDS.decode(text) == number


@given(NUMBERS, NUMBERS)
def test_two_numbers_have_two_ids(one: int, other: int) -> None:
    assert (IDS.encode(one) == IDS.encode(other)) == (one == other)


@given(st.text(max_size=24))
def test_any_text_is_an_id_or_none(text: str) -> None:
    number = IDS.decode(text)
    assert number is None or IDS.decode(IDS.encode(number)) == number


def test_neighbours_do_not_look_alike() -> None:
    first, second = IDS.encode(1), IDS.encode(2)
    assert sum(a != b for a, b in zip(first[4:], second[4:], strict=True)) >= 6


def test_an_id_of_another_kind_or_chain_is_none_or_another() -> None:
    text = IDS.encode(7)
    assert PublicId("rcp", b"k" * 32).decode(text) is None
    assert PublicId("cus", b"other chain's key" * 2).decode(text) != 7


def test_what_people_misread_is_read() -> None:
    text = next(IDS.encode(n) for n in range(1000) if "0" in IDS.encode(n) and "1" in IDS.encode(n)[4:])
    misread = "cus_" + text[4:].replace("0", "o").replace("1", "l").upper()
    assert IDS.decode(misread) == IDS.decode(text)


@pytest.mark.parametrize("number", [-1, 2**60])
def test_what_is_no_row_number_has_no_id(number: int) -> None:
    with pytest.raises(ValueError, match="row number"):
        IDS.encode(number)


class TooSour(Refusal):
    code = "too_sour"
    status = 409


def test_a_refusal_becomes_a_problem() -> None:
    answer = problems.respond(
        TooSour("No lemons.", faults=(Fault("/fruit/0", "Sour."), Fault("kind", "Sour.")))
    )
    assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
    assert answer.content == (
        b'{"type":"urn:regulars:problem:too_sour","title":"Too sour","status":409,"detail":"No lemons.",'
        b'"code":"too_sour","errors":[{"pointer":"/fruit/0","detail":"Sour."},{"pointer":"/kind","detail":"Sour."}]}'
    )


def test_a_refusal_without_words_says_its_code() -> None:
    assert str(TooSour()) == "too_sour"
