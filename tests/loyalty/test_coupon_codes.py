"""Codes: what is one, and which slips the check letter finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.coupons import codes

bodies = st.text(codes.ALPHABET, min_size=11, max_size=11)


def test_a_new_code_checks_and_differs() -> None:
    some = {codes.new() for _n in range(200)}
    assert len(some) == 200
    assert all(codes.normalised(one) == one for one in some)


def test_as_people_write_it() -> None:
    code = "0123456789A" + codes.check_letter("0123456789A")
    assert code == "0123456789AM"
    assert codes.shown(code) == "0123-4567-89AM"
    assert codes.normalised(" o123-4567 89am ") == code
    assert codes.normalised("oI23456789am") == code
    for wrong in ("", "0123", code + "0", code[:-1] + "F", "0123456789U" + "A", "０" * 12):
        assert codes.normalised(wrong) is None


@given(bodies, st.integers(0, 11), st.sampled_from(codes.ALPHABET))
def test_one_wrong_letter_is_found(body: str, place: int, letter: str) -> None:
    code = body + codes.check_letter(body)
    slip = code[:place] + letter + code[place + 1 :]
    assert (codes.normalised(slip) is None) == (slip != code)


@given(bodies, st.integers(0, 10), st.integers(1, 11))
def test_two_exchanged_letters_are_found(body: str, first: int, second: int) -> None:
    code = list(body + codes.check_letter(body))
    slip = code.copy()
    slip[first], slip[second] = slip[second], slip[first]
    assert (codes.normalised("".join(slip)) is None) == (slip != code)


@pytest.mark.django_db
def test_what_can_be_no_code_asks_the_same_question(django_assert_num_queries: object) -> None:
    for text in ("0123456789AM", "0123456789AN", "💥", "x" * 5000):
        with pytest.raises(codes.CouponUnknown):
            codes.find(text)
