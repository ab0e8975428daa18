"""How is a notification's story told to a person? A table of words, Russian and English."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from notifications.story_lines import NotificationStory, StoryLine

Pair = tuple[str, str]  # Russian, English

LONGEST_ANSWER = 160

#: Every reason that the engine, a provider's answer or a callback can give.
REASONS: Mapping[str, Pair] = {
    # chosen not to send
    "frequency_cap": (
        "клиент уже получал рекламу в эти дни",
        "the client has had marketing within these days",
    ),
    "no_address": (
        "у клиента нет адреса для этого шага",
        "the client has no address for this step",
    ),
    "suppressed": ("клиент отказался от сообщений", "the client asked not to be written to"),
    "consent_withdrawn": (
        "клиент отозвал согласие на рекламу",
        "the client withdrew the consent to advertising",
    ),
    "no_integration": (
        "для адреса клиента не подключён ни один провайдер",
        "no provider is connected for the client's address",
    ),
    "policy_forbids": (
        "правила салона не пускают такие сообщения в каналы клиента",
        "the salon's rules keep such messages out of the client's channels",
    ),
    "expired": ("срок сообщения истёк", "the message is no longer of use"),
    "canceled": ("отменено тем, кто отправлял", "called off by its sender"),
    "staff_get_no_marketing": (
        "сотрудникам реклама не отправляется",
        "staff are sent no marketing",
    ),
    "salon_suspended": ("салон приостановлен", "the salon is suspended"),
    "salon_closed": ("салон закрыт", "the salon is closed"),
    # waiting
    "scheduled": ("назначено на время", "scheduled"),
    "delay": ("пауза в сценарии", "the scenario's own pause"),
    "quiet_hours": ("у клиента тихие часы", "quiet hours where the client is"),
    "hourly_cap": ("слишком много сообщений за час", "too many messages within the hour"),
    "daily_tx_limit": (
        "дневной лимит сервисных сообщений салона исчерпан",
        "the salon's daily limit of service messages is used up",
    ),
    "daily_mk_limit": (
        "дневной лимит рекламы салона исчерпан",
        "the salon's daily limit of marketing is used up",
    ),
    "integration_paused": ("провайдер на паузе", "the provider is paused"),
    "integration_rests": ("провайдер просил подождать", "the provider asked to wait"),
    "integration_busy": ("провайдер занят другими сообщениями", "the provider is busy"),
    "throttled": ("провайдер просит подождать", "the provider asks to wait"),
    "retry_after": ("провайдер просит подождать", "the provider asks to wait"),
    "deferred_by_provider": (
        "провайдер бережёт клиента от лишних сообщений",
        "the provider protects the client from more messages",
    ),
    "defer": (
        "провайдер бережёт клиента от лишних сообщений",
        "the provider protects the client from more messages",
    ),
    "not_started": ("отправка не начиналась", "sending has not begun"),
    "provider_limit": (
        "достигнут предел провайдера по числу сообщений",
        "as many messages as the provider allows have been sent",
    ),
    "provider_failing": ("у провайдера сбой", "the provider is failing"),
    "instead_of_failing": (
        "отправка {where} сейчас не работает",
        "sending {where} does not work at the moment",
    ),
    "instead_of_paused": ("отправка {where} на паузе", "sending {where} is paused"),
    "auth_pause": (
        "провайдер не принимает ключи салона",
        "the provider refuses the salon's credentials",
    ),
    "provider_pause": (
        "провайдер остановил отправку салона",
        "the provider has stopped the salon's account",
    ),
    # failed
    "retry": ("временный сбой у провайдера", "the provider failed for a moment"),
    "moved": ("у клиента новый адрес", "the client has a new address"),
    "attempts_exhausted": ("все попытки исчерпаны", "every attempt failed"),
    "render_failed": ("текст не собрался", "the text could not be made"),
    "permanent_recipient": (
        "по этому адресу клиента нет",
        "the client cannot be reached at this address",
    ),
    "permanent_content": ("провайдер не принял текст", "the provider refused the text"),
    "window_closed": (
        "клиент давно не писал, свободный текст запрещён",
        "the client has not written lately, so free text is not allowed",
    ),
    "mailbox_full": ("почтовый ящик клиента переполнен", "the client's mailbox is full"),
    "opt_out": ("клиент отписался у провайдера", "the client opted out at the provider"),
    "unsupported": ("провайдер так не умеет", "the provider cannot do this"),
    "poisoned": ("ошибка платформы на этом сообщении", "the platform failed on this message"),
    # not certain
    "interrupted": (
        "отправка прервалась, повторять рекламу нельзя",
        "sending was interrupted; marketing is not repeated",
    ),
    "ambiguous": ("ответ провайдера потерян", "the provider's answer was lost"),
    "unknown": ("ответ провайдера непонятен", "the provider's answer is not understood"),
    # told by a callback
    "deferred": ("почтовый сервер просит подождать", "the mail server asks to wait"),
    "opened": ("письмо открыто", "the letter was opened"),
    "clicked": ("клиент перешёл по ссылке", "the client followed a link"),
    "machine_opened": (
        "письмо открыла почтовая программа",
        "the mail program opened the letter by itself",
    ),
    "complaint": ("клиент пожаловался на спам", "the client complained of spam"),
    "unsubscribed": ("клиент отписался от рекламы", "the client unsubscribed from marketing"),
    "soft_bounces": (
        "слишком много возвратов за две недели",
        "too many letters came back within two weeks",
    ),
    "not_delivered": ("сообщение не дошло", "the message did not arrive"),
    "other_channel": ("другой канал", "another channel"),
    "other_address": ("другой адрес", "another address"),
    "replayed": ("отправляем ещё раз", "sent again by hand"),
    "late": ("сообщили позже, чем ждали", "told later than we waited"),
    "blocked": ("клиент заблокировал салон", "the client has blocked the salon"),
    "unblocked": ("клиент снова открыл чат салона", "the client has opened the chat again"),
    "wrote": ("написал своими словами", "she wrote in her own words"),
    "stop_word": ("больше не хочет рекламы", "she wants no more marketing"),
    "start_word": ("снова хочет новости", "she wants news again"),
    "no_message": ("сообщение для отчёта не нашлось", "no message was found for the report"),
    "sent": ("отправлено", "sent"),
    # why people were asked
    "undeliverable": ("важное сообщение не дошло", "an important message did not arrive"),
    "not_confirmed": ("клиент не подтвердил", "the client did not confirm"),
    "client_wrote": ("клиент написал", "the client wrote"),
    "address_taken": ("адрес занят другим клиентом", "the address belongs to another client"),
    "novu_failed": ("сбой доставки в Novu", "Novu did not deliver it"),
    "manual": ("вручную", "by hand"),
}

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
    if line.reason:
        words += f": {reason_words(line.reason, language)}"
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
