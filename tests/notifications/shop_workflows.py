"""Workflows of a shop, written in Python as a product beside Kolokol would."""

from __future__ import annotations

from notifications.define import Steps, Text, Words, workflow


@workflow(
    identifier="order-shipped",
    name={"ru": "Заказ отправлен", "en": "Order shipped"},
    schema={"type": "object", "required": ["orderId"], "properties": {"url": {"default": ""}}},
    priority="high",
)
def order_shipped(steps: Steps) -> None:
    """Say that the order is on its way; in the evening once more."""
    said = Text(
        ru=Words(
            "Заказ {{ orderId }} в пути.\nЖдите!", buttons=[{"text": "Где?", "url": "{{ url }}"}]
        ),
        en="Order {{ orderId }} is on its way.",
    )
    steps.send("message", "chat", ["telegram", "sms"], said)
    steps.add("wait", "delay", seconds=3600)
    steps.send("again", "sms", ["sms"], Text(en="{{ orderId }}", key="order-again"))


@workflow(identifier="low-stock", name={"en": "Low stock"}, schema={"required": ["item"]})
def low_stock(steps: Steps) -> None:
    """Tell the staff."""
    steps.send("mail", "email", ["email"], Text(en=Words("{{ item }}", title="Low: {{ item }}")))
