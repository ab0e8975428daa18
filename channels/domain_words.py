"""What is said of a sender's domain? One sentence per finding, Russian and English."""

from __future__ import annotations

from collections.abc import Mapping

from channels.sending_domain import Finding

#: Code of a finding -> Russian, English; {detail} and {record} come from the finding.
SENTENCES: Mapping[str, tuple[str, str]] = {
    "spf_ok": ("SPF настроен.", "SPF is set up."),
    "spf_not_needed": (
        "SPF этого домена не нужен: провайдер шлёт со своего обратного адреса.",
        "This domain needs no SPF: the provider sends from a return address of its own.",
    ),
    "spf_missing": (
        "Нет записи SPF: почта не знает, кто вправе писать от вашего имени."
        " Добавьте в DNS: {record}",
        "There is no SPF record: nobody knows who may write in your name. Add to DNS: {record}",
    ),
    "spf_twice": (
        "Записей SPF две или больше, и ни одна не действует. Объедините их в одну.",
        "There are two SPF records or more, so none counts. Join them into one.",
    ),
    "spf_open": (
        "Запись SPF разрешает писать от вашего имени кому угодно. Замените её: {record}",
        "The SPF record lets anybody write in your name. Replace it: {record}",
    ),
    "spf_too_long": (
        "Запись SPF требует больше 10 запросов к DNS и потому не действует."
        " Уберите лишние include.",
        "The SPF record needs more than 10 questions to DNS, so it does not count."
        " Take out includes that you do not need.",
    ),
    "spf_without_provider": (
        "В записи SPF нет вашего почтового провайдера. Замените её: {record}",
        "Your mail provider is not in the SPF record. Replace it: {record}",
    ),
    "dkim_ok": (
        "DKIM настроен (ключ «{detail}»).",
        "DKIM is set up (key “{detail}”).",
    ),
    "dkim_missing": (
        "Нет ключа DKIM «{detail}»: письма не подписаны. Возьмите запись у почтового провайдера и"
        " добавьте её в DNS.",
        "There is no DKIM key “{detail}”: letters are not signed. Take the record from your mail"
        " provider and add it to DNS.",
    ),
    "dkim_revoked": (
        "Ключ DKIM «{detail}» отозван: запись есть, но она пустая. Выпустите новый у провайдера.",
        "The DKIM key “{detail}” is revoked: its record is empty. Make a new one at the provider.",
    ),
    "dkim_not_found": (
        "Ключ DKIM не нашёлся под обычными именами ({detail}). Посмотрите у почтового провайдера,"
        " включена ли подпись, и впишите имя ключа (селектор) в настройки канала.",
        "No DKIM key was found under the usual names ({detail}). See at your mail provider whether"
        " letters are signed, and write the key's name (selector) into the channel's settings.",
    ),
    "dkim_at_provider": (
        "Имя ключа DKIM у этого провайдера своё для каждого домена: проверьте подпись"
        " в его кабинете.",
        "This provider names the DKIM key of each domain anew: see in its console whether it is set"
        " up.",
    ),
    "dmarc_ok": (
        "DMARC настроен (политика {detail}).",
        "DMARC is set up (policy {detail}).",
    ),
    "dmarc_missing": (
        "Нет записи DMARC, а большие почтовые службы её требуют. Добавьте в DNS: {record}",
        "There is no DMARC record, and large mail services ask for one. Add to DNS: {record}",
    ),
    "dmarc_twice": (
        "Записей DMARC две или больше, и ни одна не действует. Оставьте одну.",
        "There are two DMARC records or more, so none counts. Keep one.",
    ),
    "dmarc_without_policy": (
        "В записи DMARC нет политики (p=). Замените её: {record}",
        "The DMARC record has no policy (p=). Replace it: {record}",
    ),
    "mailbox_ok": (
        "Ящик для возвратов открывается.",
        "The mailbox of returned letters opens.",
    ),
    "mailbox_refused": (
        "Ящик для возвратов не принимает логин и пароль: возвраты не читаются.",
        "The mailbox of returned letters refuses login and password: nothing is read there.",
    ),
    "mailbox_away": (
        "Ящик для возвратов не отвечает: {detail}.",
        "The mailbox of returned letters does not answer: {detail}.",
    ),
    "no_answer": (
        "DNS сейчас не отвечает, проверьте позже.",
        "DNS does not answer now; look again later.",
    ),
    "not_public": (
        "«{detail}» не похоже на домен в интернете: с таким адресом письма не примут.",
        "“{detail}” does not look like a domain on the internet: such letters are refused.",
    ),
}


def sentence(finding: Finding, language: str) -> str:
    """Say a finding in the reader's language."""
    words = SENTENCES[finding.code][0 if language.startswith("ru") else 1]
    record = finding.record
    shown = f'{record.name} TXT "{record.value}"' if record else ""
    return words.format(detail=finding.detail, record=shown)
