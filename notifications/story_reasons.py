"""Why did something happen, in words? Every reason that a story can name, Russian and English."""

from __future__ import annotations

from collections.abc import Mapping

Pair = tuple[str, str]  # Russian, English

#: Every reason that the engine, a provider's answer or a callback can give.
REASONS: Mapping[str, Pair] = {
    # chosen not to send
    "frequency_cap": (
        "клиент уже получал рекламу в эти дни",
        "the client has had marketing within these days",
    ),
    "duplicate": (
        "тот же текст уже отправлен на этот адрес в течение часа",
        "the same text went to this address within the hour",
    ),
    "no_address": (
        "у клиента нет адреса для этого шага",
        "the client has no address for this step",
    ),
    "suppressed": ("клиент отказался от сообщений", "the client asked not to be written to"),
    "no_consent": (
        "клиент не давал согласия на рекламу",
        "the client has not agreed to advertising",
    ),
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
    "subscriber_deleted": ("клиент удалён", "the client was deleted"),
    "staff_get_no_marketing": (
        "сотрудникам реклама не отправляется",
        "staff are sent no marketing",
    ),
    "salon_suspended": ("салон приостановлен", "the salon is suspended"),
    "salon_closed": ("салон закрыт", "the salon is closed"),
    # decided by a step
    "delay_passed": ("время, до которого ждать, уже прошло", "the moment to wait for has passed"),
    "no_moment": (
        "в данных нет времени, до которого ждать",
        "the payload has no moment to wait for",
    ),
    "condition_not_met": ("условие не выполнено", "the condition is not met"),
    "condition_failed": ("условие не удалось проверить", "the condition could not be checked"),
    "step_throttled": (
        "таких сообщений клиенту уже достаточно за этот срок",
        "the client has had enough of these within the window",
    ),
    "variant": ("вариант {where}", "variant {where}"),
    "fallback_not_needed": ("запасной канал не понадобился", "the fallback was not needed"),
    "replied": ("клиент ответил: {where}", "the client answered: {where}"),
    "no_reply": ("клиент не ответил вовремя", "the client did not answer in time"),
    "preference": (
        "клиент отключил такие сообщения в этом канале",
        "the client has switched such messages off in this channel",
    ),
    "all_channels_off": (
        "клиент отключил все каналы",
        "the client has switched off every channel",
    ),
    "digest": ("собрано событий: {where}", "events gathered: {where}"),
    # waiting
    "digest_open": ("собираем события в одну сводку", "gathering events into one message"),
    "reply_awaited": ("ждём ответа клиента", "waiting for the client's answer"),
    "fallback_wait": (
        "ждём, дойдёт ли сообщение по первому каналу",
        "waiting whether the first message arrives",
    ),
    "stopped": ("отправка остановлена вручную", "sending was stopped by hand"),
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
    "unreachable": (
        "телефон клиента был недоступен",
        "the client's phone could not be reached",
    ),
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
    "machine_clicked": (
        "ссылки письма проверила почтовая защита",
        "a mail guard looked through the letter's links",
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
    "webhook_off": ("вебхук выключен", "a webhook was switched off"),
    "webhook_gone": (
        "сервер отказался от событий (ответил 410)",
        "its server wants no more events (it answered 410)",
    ),
    "webhook_failing": (
        "сервер три дня не принимает события",
        "its server has taken no event for three days",
    ),
    "manual": ("вручную", "by hand"),
}
