"""Codes for friends: nine letters by chance and one that checks them, as coupons have (`loyalty/coupons/codes.py`)."""

import secrets

from django.db import IntegrityError, transaction

from customers import present
from customers.models import Customer
from loyalty.coupons.codes import ALPHABET, check_letter
from loyalty.models import ReferralCode

LENGTH = 10
_MEANT = str.maketrans({"O": "0", "I": "1", "L": "1", " ": None, "-": None})


def of(customer_id: int) -> str:
    """Their code, "" before they asked for one."""
    mine = ReferralCode.objects.filter(customer_id=customer_id).order_by("made_at", "code")
    return mine.values_list("code", flat=True).first() or ""


def make(customer_id: int) -> str:
    """Their code; made when there is none. Raises Erased."""
    with transaction.atomic():
        present.hold(customer_id)
        Customer.objects.select_for_update(no_key=True).get(pk=customer_id)
        return of(customer_id) or _new(customer_id)


def _new(customer_id: int) -> str:
    body = "".join(ALPHABET[byte & 31] for byte in secrets.token_bytes(LENGTH - 1))
    try:
        with transaction.atomic():
            return ReferralCode.objects.create(code=body + check_letter(body), customer_id=customer_id).code
    except IntegrityError:  # one chance in 35 million millions for each code that there is
        return _new(customer_id)


def read(text: str) -> str | None:
    """The code as it is kept, from what somebody typed; None: it cannot be one."""
    code = text.upper().translate(_MEANT)
    is_code = len(code) == LENGTH and set(code) <= set(ALPHABET) and check_letter(code[:-1]) == code[-1]
    return code if is_code else None


def shown(code: str) -> str:
    return f"{code[:5]}-{code[5:]}"


def owner(code: str) -> Customer | None:
    """Whose code it is now: also of somebody who was merged; None: nobody's any more."""
    row = ReferralCode.objects.filter(code=code).first()
    return present.living(row.customer_id) if row else None
