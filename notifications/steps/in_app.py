"""The in-app step: the message is stored where the client's inbox reads it; no provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from channels.integrations import Account
from notifications.definition import Texts
from notifications.loading import Work
from notifications.outcomes import Done, Fail, MessageRow, Result
from notifications.rendering import RenderError
from notifications.steps.text import published, words_for
from tenants.ids import uuid7


def prepare(
    works: Sequence[Work], _accounts: Mapping[UUID, Sequence[Account]], now: datetime
) -> list[Result]:
    """Store each message as delivered."""
    texts = published(list(works))
    return [Result(work.task, _outcome(work, texts, now)) for work in works]


def _outcome(work: Work, texts: dict[UUID, Texts], now: datetime) -> Done | Fail:
    try:
        rendered = words_for(work, texts, "in_app").render(work, now)
    except RenderError as error:
        return Fail("render_failed", detail=str(error))
    content = rendered.content
    return Done(
        MessageRow(
            id=uuid7(),
            channel="in_app",
            provider="in_app",
            state="delivered",
            language=rendered.language,
            title=content.title,
            body=content.body,
            template_version_id=rendered.version_id,
            extra={"buttons": [asdict(button) for button in content.buttons]},
        )
    )
