"""May letters in this domain's name be believed? Its SPF, DKIM and DMARC, as DNS tells them.

Large mailbox providers refuse letters, or take them for spam, whose sender's domain does not vouch
for them. Each finding says which record is missing or wrong, and how it should be.
Sources: RFC 7208 (SPF), RFC 6376 (DKIM), RFC 7489 (DMARC).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from channels.dns_texts import NoAnswer

Ask = Callable[[str], Sequence[str]]

#: Providers that want to stand in the SPF of the sender's domain; "": the salon's own server does.
#: The others send from a return address of their own, whose SPF is theirs.
SPF_OF: Mapping[str, str] = {"smtp": "", "mailgun": "mailgun.org"}
#: Under which names (selectors) providers and mail servers keep their DKIM keys.
SELECTORS: Mapping[str, tuple[str, ...]] = {
    "sendgrid": ("s1", "s2"),
    "mailgun": ("mailo", "k1", "pic", "smtp", "mta", "mx"),
    "brevo": ("mail", "brevo1", "brevo2"),
    "resend": ("resend",),
    "unisender_go": ("us",),
    "smtp": (
        *("default", "mail", "dkim", "google", "selector1", "selector2"),
        *("mailru", "s1", "k1", "smtp", "key1"),
    ),
}
MOST_LOOKUPS = 10  # RFC 7208, 4.6.4: more make the whole record void
_COUNTED = re.compile(r"[+?~-]?(?:include|a|mx|ptr|exists)(?:[:/].*)?|redirect=.*", re.IGNORECASE)
_NEXT = re.compile(r"[+?~-]?(?:include:|redirect=)([\w.-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Record:
    """A TXT record that should be there."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of one protection.

    name: "spf", "dkim", "dmarc"; also "mailbox" and "domain" elsewhere. state: "ok", "missing",
    "wrong" or "unknown". code: a word of channels.domain_words. found: what DNS holds.
    detail: for the sentence. record: what should be added or put in the place of what is there.
    """

    name: str
    state: str
    code: str
    found: str = ""
    detail: str = ""
    record: Record | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose domain is looked at. server: of the salon's own mail. selector: of its DKIM key."""

    domain: str
    provider: str
    server: str = ""
    selector: str = ""


def examine(sender: Sender, ask: Ask) -> list[Finding]:
    """Look at all three; ask: gives the TXT records of a name, may raise NoAnswer."""
    looks = {"spf": _spf, "dkim": _dkim, "dmarc": _dmarc}
    with ThreadPoolExecutor(len(looks), "dns") as pool:
        return list(pool.map(lambda name: _looked(name, looks[name], sender, ask), looks))


def _looked(name: str, look: Callable[[Sender, Ask], Finding], sender: Sender, ask: Ask) -> Finding:
    try:
        return look(sender, ask)
    except NoAnswer:
        return Finding(name, "unknown", "no_answer")


def _spf(sender: Sender, ask: Ask) -> Finding:
    records = [text for text in ask(sender.domain) if text.lower().split(" ")[0] == "v=spf1"]
    wanted = SPF_OF.get(sender.provider)
    if len(records) > 1:
        return Finding("spf", "wrong", "spf_twice", " | ".join(records))
    if not records and wanted is None:
        return Finding("spf", "ok", "spf_not_needed")
    if not records:
        return Finding("spf", "missing", "spf_missing", record=_new_spf(sender))
    return _judged_spf(records[0], sender, ask)


def _judged_spf(record: str, sender: Sender, ask: Ask) -> Finding:
    terms = record.split()[1:]
    if any(term.lower() in {"all", "+all"} for term in terms):
        strict = re.sub(r"(?i)(?<=\s)\+?all\b", "~all", record)
        fixed = Record(sender.domain, strict)
        return Finding("spf", "wrong", "spf_open", record, record=fixed)
    if (count := sum(1 for _ in _lookups(record, ask))) > MOST_LOOKUPS:
        return Finding("spf", "wrong", "spf_too_long", record, detail=str(count))
    wanted = SPF_OF.get(sender.provider, "")
    if wanted and f"include:{wanted}" not in record.lower():
        fixed = Record(sender.domain, record.replace("v=spf1", f"v=spf1 include:{wanted}", 1))
        return Finding("spf", "wrong", "spf_without_provider", record, record=fixed)
    return Finding("spf", "ok", "spf_ok", record)


def _lookups(record: str, ask: Ask, budget: int = MOST_LOOKUPS + 1) -> Iterator[str]:
    """Yield the terms that cost whoever reads the record a question to DNS, up to the budget."""
    for term in record.split()[1:]:
        if budget <= 0 or not _COUNTED.fullmatch(term):
            continue
        yield term
        budget -= 1
        if following := _NEXT.match(term):
            found = [text for text in ask(following[1]) if text.lower().startswith("v=spf1")]
            for inner in _lookups(found[0], ask, budget) if found else ():
                yield inner
                budget -= 1


def _new_spf(sender: Sender) -> Record:
    wanted = SPF_OF.get(sender.provider, "")
    who = f"include:{wanted}" if wanted else f"mx a:{sender.server}" if sender.server else "mx"
    return Record(sender.domain, f"v=spf1 {who} ~all")


def _dkim(sender: Sender, ask: Ask) -> Finding:
    usual = SELECTORS.get(sender.provider, ())
    selectors = (sender.selector,) if sender.selector else usual
    if not selectors:
        return Finding("dkim", "unknown", "dkim_at_provider")
    with ThreadPoolExecutor(len(selectors), "dkim") as pool:
        names = [f"{selector}._domainkey.{sender.domain}" for selector in selectors]
        for selector, texts in zip(selectors, pool.map(ask, names), strict=True):
            for text in texts:
                if finding := _key(selector, text):
                    return finding
    if sender.selector:
        return Finding("dkim", "missing", "dkim_missing", detail=sender.selector)
    return Finding("dkim", "unknown", "dkim_not_found", detail=", ".join(selectors))


def _key(selector: str, text: str) -> Finding | None:
    tags = dict(part.strip().partition("=")[::2] for part in text.split(";") if "=" in part)
    if "p" not in tags:
        return None
    if not tags["p"].strip():
        return Finding("dkim", "wrong", "dkim_revoked", text, detail=selector)
    return Finding("dkim", "ok", "dkim_ok", text, detail=selector)


def _dmarc(sender: Sender, ask: Ask) -> Finding:
    wanted = Record(
        f"_dmarc.{sender.domain}", f"v=DMARC1; p=none; rua=mailto:postmaster@{sender.domain}"
    )
    for domain in _with_parents(sender.domain):
        records = [t for t in ask(f"_dmarc.{domain}") if t.replace(" ", "").startswith("v=DMARC1")]
        if len(records) > 1:
            return Finding("dmarc", "wrong", "dmarc_twice", " | ".join(records))
        if records:
            has_policy = re.search(r";\s*p\s*=\s*(none|quarantine|reject)\b", records[0])
            if has_policy:
                return Finding("dmarc", "ok", "dmarc_ok", records[0], detail=has_policy[1])
            return Finding("dmarc", "wrong", "dmarc_without_policy", records[0], record=wanted)
    return Finding("dmarc", "missing", "dmarc_missing", record=wanted)


def _with_parents(domain: str) -> list[str]:
    """Give the domain and those above it, which vouch for it too, without the top one."""
    labels = domain.split(".")
    return [".".join(labels[at:]) for at in range(len(labels) - 1)]
