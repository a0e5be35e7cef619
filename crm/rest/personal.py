"""What the API's tables hold of people (crm/privacy/register.py)."""

from crm.privacy.register import REWRITE, blanked, plain

TABLES = {
    "ApiKey": plain(
        "id name prefix digest scopes is_chain_wide rate_per_minute created_at expires_at revoked_at last_used_at",
        staff="created_by",
    ),
    "ApiKey_stores": plain("id apikey store"),
    # A repeated call that had told of an erased person is answered "gone": done again it would bring them back.
    "StoredAnswer": blanked(
        find="crm.rest.gone:about", rewrite="crm.rest.gone:answer", text="body", but={"body": REWRITE},
        plain="id api_key idempotency_key fingerprint path status created_at",
    ),
}  # fmt: skip
