"""Mappings to begin with."""

from typing import Any

SHOPIFY: dict[str, Any] = {
    "id": "id", "at": "created_at", "lines": "line_items[*]",
    "line": {
        "key": "id", "product": "sku", "quantity": "quantity", "price": "price",
        "discount": "discount_allocations[*].amount",
    },
    "customer": [
        {"kind": "phone", "path": "phone"}, {"kind": "phone", "path": "customer.phone"},
        {"kind": "email", "path": "email"}, {"kind": "account", "path": "customer.id"},
    ],
    "state": "financial_status", "counts": ["paid", "partially_refunded", "refunded"],
    "cancelled_at": "cancelled_at", "shipping": "shipping_lines[*].price", "payments": "payment_gateway_names[0]",
    "refunds": {
        "each": "refunds[*]", "id": "id", "at": "created_at", "lines": "refund_line_items[*]", "line": "line_item_id",
        "quantity": "quantity", "amount": "subtotal",
    },
    "visitor": "note_attributes[name=regulars_visitor].value",
}  # fmt: skip
GENERIC: dict[str, Any] = {
    "id": "number", "at": "ordered_at", "lines": "items[*]",
    "line": {"key": "id", "product": "sku", "quantity": "quantity", "amount": "total", "discount": "discount"},
    "customer": [
        {"kind": "phone", "path": "buyer.phone"}, {"kind": "email", "path": "buyer.email"},
        {"kind": "account", "path": "buyer.id"},
    ],
    "payments": "payment.method", "cancelled_at": "cancelled_at",
    "refunds": {
        "each": "refunds[*]", "id": "id", "at": "refunded_at", "lines": "items[*]", "line": "item_id",
        "quantity": "quantity", "amount": "amount",
    },
    "visitor": "visitor",
}  # fmt: skip
PRESETS = {"generic": GENERIC, "shopify": SHOPIFY}
SAMPLE: dict[str, Any] = {
    "id": 450789469, "created_at": "2026-03-09T11:00:00+08:00", "financial_status": "paid", "phone": "+8613800138000",
    "payment_gateway_names": ["alipay"],
    "line_items": [
        {"id": 1, "sku": "SKU1", "quantity": 2, "price": "20.00", "discount_allocations": [{"amount": "4.20"}]},
        {"id": 2, "sku": "SKU2", "quantity": 1, "price": "5.00", "discount_allocations": []},
    ],
    "shipping_lines": [{"price": "6.00"}],
    "refunds": [
        {
            "id": 9001, "created_at": "2026-03-12T09:00:00+08:00",
            "refund_line_items": [{"line_item_id": 1, "quantity": 1, "subtotal": "17.90"}],
        },
    ],
}  # fmt: skip
