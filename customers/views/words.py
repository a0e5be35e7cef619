"""What people call the codes that tills send."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

METHODS = {
    "cash": _("cash"),
    "card": pgettext_lazy("payment", "bank card"),
    "wechat": _("WeChat Pay"),
    "alipay": _("Alipay"),
    "unionpay": _("UnionPay"),
    "voucher": _("voucher"),
    "coupon": _("coupon"),
    "gift_card": _("gift card"),
    "points": _("points"),
    "transfer": _("bank transfer"),
}


def method(code: str) -> Any:
    """How somebody paid; a code that nobody knows stays as the till wrote it."""
    return METHODS.get(code.lower().replace("-", "_").replace(" ", "_"), code)
