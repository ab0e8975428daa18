"""What may stand in a step's settings? An example for each kind, folded under the field."""

from __future__ import annotations

from django.utils.functional import lazy
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications.models import StepKind

#: Kind, what to write, what it then does.
HINTS = (
    (StepKind.DELAY, '{"seconds": 3600}', _("wait for an hour")),
    (
        StepKind.DELAY,
        '{"until": "appointmentTime", "offset_s": -7200}',
        _("wait until two hours before the visit"),
    ),
    (StepKind.CONDITION, '{"if": "payload.total > 5000"}', _("go on only where this is true")),
    (
        StepKind.THROTTLE,
        '{"limit": 2, "window_s": 86400}',
        _("let through two a day for one client"),
    ),
    (
        StepKind.AB_SPLIT,
        '{"variants": [{"key": "a", "weight": 1}, {"key": "b", "weight": 1, "template": "gift"}]}',
        _("send every other client the text of the template “gift”"),
    ),
    (StepKind.DIGEST, '{"until": "18:00"}', _("gather until six and send one message")),
    (
        StepKind.WAIT_FOR_REPLY,
        '{"timeout_s": 7200}',
        _("wait two hours for an answer; who has answered gets nothing more"),
    ),
    (
        StepKind.FALLBACK,
        '{"of": "message", "when": "not_delivered", "after_s": 900}',
        _("write another way when the step “message” has not arrived in 15 minutes"),
    ),
    (StepKind.ESCALATE, '{"deadline_s": 1800}', _("ask a colleague to look within half an hour")),
)


def _folded() -> str:
    rows = [(kind.label, example, words) for kind, example, words in HINTS]
    listed = format_html_join("", "<li>{}: <code>{}</code> — {}.</li>", rows)
    intro = gettext("A message needs none: {}.").format("{}")
    return format_html(
        '<details class="kolokol-details"><summary>{}</summary><p>{}</p><ul>{}</ul></details>',
        gettext("What to write here"),
        intro,
        listed,
    )


settings_hint = lazy(_folded, str)()
