"""Whatever a salon writes, no provider gets a call that breaks its rules: the fakes check them."""

from __future__ import annotations

import pytest
from django.conf import settings

from channels.contract import Button, Content
from channels.registry import ADAPTERS
from tests.providers.driving import (
    account,
    collect,
    message,
    open_gateway,
    outcome,
    provider_of,
    submit,
)
from tests.providers.rows import ROWS
from tests.providers.world import World

URL = "https://salon.example/" + "a" * 60
CONTENTS = {
    "one letter": Content("Я", title="З"),
    "long": Content("Ждём вас завтра. " * 1500, title="Напоминание " * 60),
    "long without blanks": Content("ж" * 20_000, title="щ" * 400),
    "emoji": Content("👩‍🦰😀" * 3000, title="😀" * 300),
    "markup": Content(
        "Tom & <Jerry> *жирно* _курсив_ ~нет~ `код` [x](y)\n\n\n@everyone <@1> \\ {{ name }} %s",
        title="A < B & C",
        html="<b>Tom &amp; &lt;Jerry&gt;</b><br><a href='https://salon.example'>да</a>",
    ),
    "buttons": Content(
        "Подтвердите визит",
        title="Визит",
        buttons=(
            *(Button(f"Кнопка с очень длинной подписью {n}", action=f"a:{n}") for n in range(6)),
            *(Button(f"Ссылка {n}", url=f"{URL}{n}") for n in range(3)),
        ),
    ),
    "long with buttons": Content(
        "Ждём вас завтра. " * 1500,
        title="Визит " * 100,
        buttons=(Button("Да", action="cf:1"), Button("Нет", action="rs:1"), Button("Где", url=URL)),
    ),
    "same buttons": Content("Да?", buttons=(Button("Да", action="a"), Button("Да", action="b"))),
    "picture": Content("Новая причёска", title="Фото", image_url="https://salon.example/a.jpg"),
    "long under a picture": Content("я" * 9000, image_url="https://salon.example/a.jpg"),
}
#: What no provider has to take; nothing is ever cut in silence where words would be lost.
TOO_LONG = {name for name in CONTENTS if "long" in name} | {"emoji"}


@pytest.fixture(scope="module")
def world():
    world = World()
    yield world
    world.close()


@pytest.fixture
def gateway():
    gateway = open_gateway(settings.REDIS_URL)
    yield gateway
    gateway.close()


@pytest.mark.parametrize("name", ROWS)
def test_no_content_makes_a_call_that_the_provider_refuses(name, world, gateway):
    row = ROWS[name]
    fake = world.fakes[name] = row.fake()
    for number, content in enumerate(CONTENTS.values()):
        adapter = ADAPTERS[provider_of(name)](row.credentials(world.base(name)))
        outbound = message(row.address(number), row.kind, content, **row.extra)
        submit(gateway, number, account(adapter, row.kind), outbound)

    names = list(CONTENTS)
    done = {names[one.key]: outcome(one) for one in collect(gateway, len(CONTENTS))}

    assert fake.complaints == []
    assert set(done.values()) <= {"sent", "permanent_content"}  # refused by ourselves, if at all
    assert {content for content, meant in done.items() if meant != "sent"} <= TOO_LONG
    sent = [row.recipient(row.address(n)) for n, one in enumerate(CONTENTS) if done[one] == "sent"]
    assert set(fake.counts) == set(sent)
