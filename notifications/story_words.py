"""How is a notification's story told to a person? A table of words, Russian and English."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from notifications.story_lines import NotificationStory, StoryLine
from notifications.story_reasons import REASONS, Pair

LONGEST_ANSWER = 160

STATUSES: Mapping[str, Pair] = {
    "accepted": ("принято", "accepted"),
    "sent": ("отправлено{where}", "sent{where}"),
    "delivered": ("доставлено{where}", "delivered{where}"),
    "read": ("прочитано{where}", "read{where}"),
    "unread": ("снова отмечено непрочитанным", "marked as unread"),
    "answered": ("клиент ответил{where}", "the client answered{where}"),
    "replied": ("от клиента{where}", "from the client{where}"),
    "failed": ("не доставлено{where}", "not delivered{where}"),
    "bounced": ("вернулось{where}", "came back{where}"),
    "unknown": ("возможно, отправлено{where}", "perhaps sent{where}"),
    "reported": ("провайдер сообщил", "the provider reports"),
    "rerouted": ("не дошло, пробуем иначе", "it did not arrive, we try another way"),
    "done": ("шаг «{step}» выполнен", "step “{step}” is done"),
    "skipped": ("шаг «{step}» пропущен", "step “{step}” was skipped"),
    "waiting": ("отложено", "put off"),
    "retry": ("не получилось, повторим", "did not work, another attempt follows"),
    "canceled": ("отменено", "canceled"),
    "merged": ("вошло в общее сообщение", "became part of one message"),
    "replayed": ("отправляем ещё раз", "sent again by hand"),
    "late": ("ответ провайдера пришёл поздно", "the provider's answer came late"),
    "escalated": ("передано сотрудникам", "handed to the salon's staff"),
}

WHERE: Mapping[str, Pair] = {
    "telegram": ("в Telegram", "to Telegram"),
    "whatsapp": ("в WhatsApp", "to WhatsApp"),
    "vk": ("в VK", "to VK"),
    "max": ("в MAX", "to MAX"),
    "instagram": ("в Instagram", "to Instagram"),
    "phone": ("по SMS", "by SMS"),
    "email": ("на e-mail", "by e-mail"),
    "push": ("push-уведомлением", "by push"),
    "fcm": ("push-уведомлением", "by push"),
    "apns": ("push-уведомлением на iPhone", "by push to an iPhone"),
    "web_push": ("push-уведомлением в браузер", "by push to a browser"),
    "slack": ("в Slack", "to Slack"),
    "discord": ("в Discord", "to Discord"),
    "teams": ("в Microsoft Teams", "to Microsoft Teams"),
    "mattermost": ("в Mattermost", "to Mattermost"),
    "ntfy": ("в ntfy", "to ntfy"),
    "in_app": ("в личный кабинет", "to the inbox"),
    "url": ("на сервер салона", "to the salon's server"),
}

PROVIDERS: Mapping[str, Pair] = {
    "sandbox": ("Телефон", "the Phone"),
    "smtp": ("почта салона", "the salon's mail server"),
    "webhook": ("вебхук", "webhook"),
}

#: What the client does she does in the channel, not to it.
HEARD_BACK = frozenset({"read", "replied", "answered"})
_ANSWER: Pair = ("ответ", "answer")
_COST: Pair = ("стоимость", "cost")
_UNTIL: Pair = ("ждёт до {when}: {why}", "waits until {when}: {why}")
_QUEUED: Pair = ("в очереди на отправку", "queued for sending")


def tell(stories: Sequence[NotificationStory], language: str) -> list[str]:
    """Tell stories line by line, in the salon's time; of several, each under its client's key.

    language: "ru" or "en".
    """
    told: list[str] = []
    for one in stories:
        told += [f"{one.subscriber}:"] if len(stories) > 1 else []
        told += tell_one(one, language)
    return told


def tell_one(story: NotificationStory, language: str) -> list[str]:
    """Tell one notification's story."""
    index = 0 if language == "ru" else 1
    zone = ZoneInfo(story.zone)
    first = story.lines[0].time.astimezone(zone)
    told = [f"{_clock(line.time, first)} {tell_line(line, language, zone)}" for line in story.lines]
    if story.waits_until is not None:
        when = _clock(story.waits_until, first)
        told.append(_UNTIL[index].format(when=when, why=reason_words(story.waits_for, language)))
    elif story.state == "queued":
        told.append(_QUEUED[index])
    return told


def tell_line(line: StoryLine, language: str, zone: ZoneInfo) -> str:
    """Tell one line without its time."""
    index = 0 if language == "ru" else 1
    sentence = STATUSES[line.status][index] if line.status in STATUSES else line.status
    words = sentence.format(where=_where(line, language), step=line.step)
    if line.status == "accepted":
        return words + _appointed(line, index, zone)
    if line.status == "answered":
        return f"{words}: {line.reason}"
    if line.reason and line.status != "merged":  # the other one's id
        words += f": {reason_words(line.reason, language)}"
    if line.cost:
        words += f", {_COST[index]} {line.cost} {line.currency}".rstrip()
    return words + _answer(line, index, language)


def reason_words(reason: str, language: str) -> str:
    """Say a reason in words; one that the table does not know stands as it is.

    Behind a colon may stand the channel that it is about.
    """
    index = 0 if language == "ru" else 1
    word, _, channel = reason.partition(":")
    if word not in REASONS:
        return reason
    return REASONS[word][index].replace("{where}", WHERE.get(channel, (channel, channel))[index])


def place_words(channel: str, provider: str, language: str) -> str:
    """Say where a message went: to which channel, through whose account."""
    index = 0 if language == "ru" else 1
    place = WHERE[channel][index] if channel in WHERE else channel
    name = PROVIDERS.get(provider)
    return f"{place} ({name[index]})" if name else place


def _where(line: StoryLine, language: str) -> str:
    if not line.channel:
        return ""
    place = place_words(line.channel, line.provider, language)
    if language != "ru" and line.status in HEARD_BACK:
        place = place.replace("to ", "in ", 1)
    return f" {place}"


def _appointed(line: StoryLine, index: int, zone: ZoneInfo) -> str:
    if line.reason != "scheduled":
        return ""
    at = datetime.fromisoformat(line.detail).astimezone(zone)
    return (", отправка ", ", to be sent ")[index] + f"{at:%d.%m.%Y %H:%M}"


def _answer(line: StoryLine, index: int, language: str) -> str:
    """Quote what the provider said; a reason that stands there is told in words."""
    if not line.detail:
        return ""
    if line.detail in REASONS:
        return f" ({reason_words(line.detail, language)})"
    answer = _plain(line.detail)
    if answer.get("type") == line.status:
        return ""  # a report that says no more than the line does
    if "status" in answer:
        return f", {_ANSWER[index]} {answer['status']}"
    return f", {_ANSWER[index]}: {line.detail[:LONGEST_ANSWER]}"


def _plain(detail: str) -> dict[str, object]:
    """Read an answer of one word."""
    try:
        answer = json.loads(detail)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) and len(answer) == 1 else {}


def _clock(moment: datetime, first: datetime) -> str:
    """Write the time, with the date when it is another day's than the first line's."""
    local = moment.astimezone(first.tzinfo)
    return f"{local:%H:%M:%S}" if local.date() == first.date() else f"{local:%d.%m %H:%M:%S}"
