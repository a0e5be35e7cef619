"""Whether a webhook is the shop's: an HMAC over its body with a secret that both know.

The secret is derived from the installation's own and is in no table, so no dump holds it. A shop that insists on a
secret of its own (Shopify) has it in the environment: ORDER_SECRET_<CODE>.
"""

import base64
import hmac
import os
import re
from collections.abc import Mapping
from hashlib import sha256

from django.conf import settings

from customers.models import Connector

# As Shopify, WooCommerce and ours write it.
HEADERS = ("X-Shopify-Hmac-Sha256", "X-WC-Webhook-Signature", "X-Regulars-Signature")


def secret_of(connector: Connector) -> str:
    own = os.environ.get("ORDER_SECRET_" + re.sub(r"\W", "_", connector.code).upper(), "")
    return own or derived(connector)


def derived(connector: Connector) -> str:
    text = f"connector:{connector.pk}:{connector.salt}".encode()
    return (
        base64.urlsafe_b64encode(hmac.digest(settings.SECRET_KEY.encode(), text, sha256)).decode().rstrip("=")
    )


def is_theirs(connector: Connector, body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether one of the headers signs the body: base64, or hexadecimal with or without "sha256=" before it."""
    digest = hmac.digest(secret_of(connector).encode(), body, sha256)
    right = {base64.b64encode(digest).decode(), digest.hex()}
    told = [str(headers.get(name, "")).removeprefix("sha256=") for name in HEADERS]
    return any(hmac.compare_digest(one.encode(), good.encode()) for one in told for good in right)
