"""What stands in the admin's menu, and for whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tenants.permissions import standing

Item = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One line of the menu. view: where it leads; area: what its visitor must be allowed to see."""

    title: Promise
    icon: str
    view: str
    area: str


def _list(title: Promise, icon: str, model: str, area: str) -> Entry:
    return Entry(title, icon, f"admin:{model}_changelist", area)


GROUPS: list[tuple[Promise, list[Entry]]] = [
    (
        _("Messages"),
        [
            _list(_("Cases"), "support_agent", "notifications_escalation", "cases"),
            _list(_("Notifications"), "forum", "notifications_notification", "log"),
            _list(_("Sent messages"), "send", "notifications_message", "log"),
            _list(_("Delivery log"), "list_alt", "notifications_logentry", "log"),
            _list(_("Events"), "bolt", "notifications_event", "log"),
            _list(_("External deliveries"), "hub", "notifications_externaldelivery", "log"),
            _list(_("Dead letters"), "error", "notifications_deadletter", "log"),
            Entry(_("The Phone"), "smartphone", "phone", "log"),
        ],
    ),
    (
        _("Content"),
        [
            _list(_("Templates"), "edit_note", "notifications_messagetemplate", "templates"),
            _list(
                _("Templates for WhatsApp"),
                "verified",
                "channels_whatsapptemplate",
                "templates",
            ),
            _list(_("Workflows"), "account_tree", "notifications_workflow", "workflows"),
        ],
    ),
    (
        _("Clients"),
        [
            _list(_("Clients"), "group", "tenants_subscriber", "clients"),
            _list(_("Topics"), "sell", "tenants_topic", "clients"),
            _list(_("Consents"), "approval", "tenants_consent", "clients"),
            _list(_("Never write to"), "do_not_disturb_on", "tenants_suppression", "clients"),
        ],
    ),
    (
        _("Salon"),
        [
            _list(_("Salon's card"), "storefront", "tenants_tenant", "salon"),
            _list(_("Locations"), "location_on", "tenants_location", "salon"),
            _list(_("Channels"), "cell_tower", "channels_integration", "integrations"),
            _list(_("Channel rules"), "rule", "channels_channelrule", "integrations"),
            _list(_("Stops"), "block", "notifications_stop", "salon"),
            _list(_("Team"), "badge", "tenants_member", "members"),
            _list(_("API keys"), "key", "tenants_apikey", "keys"),
            _list(_("Webhooks"), "webhook", "notifications_webhookendpoint", "keys"),
            _list(_("Webhook deliveries"), "outbox", "notifications_webhookdelivery", "keys"),
        ],
    ),
    (
        _("Platform"),
        [
            _list(_("People"), "manage_accounts", "tenants_user", "platform"),
            _list(_("Default channels"), "hub", "channels_defaultintegration", "platform"),
            _list(_("Stops of all salons"), "block", "notifications_platformstop", "platform"),
            _list(_("Platform keys"), "vpn_key", "tenants_platformkey", "platform"),
            Entry(_("Queues"), "stacks", "django_rq:home", "platform"),
        ],
    ),
]


def navigation(request: HttpRequest) -> list[Item]:
    """List the groups of the menu that hold anything for this visitor."""
    may = standing(request).may
    groups = [
        _group(title, [entry for entry in entries if may("view", entry.area)])
        for title, entries in GROUPS
    ]
    return [group for group in groups if group["items"]]


def environment(request: HttpRequest) -> list[Any] | None:
    """Warn in the head of the page that nothing can be written."""
    here = standing(request)
    if here.role and here.tenant_id is None:
        return [_("Read only"), "warning"]
    return None


def style(request: HttpRequest) -> str:
    """Name the admin's own style sheet."""
    return static("kolokol/admin.css")


def _group(title: Promise, entries: list[Entry]) -> Item:
    """Describe a group as unfold wants it, less the pages that this installation does not have."""
    items = [_item(entry) for entry in entries]
    return {
        "title": title,
        "separator": True,
        "collapsible": False,
        "items": [item for item in items if item["link"]],
    }


def _item(entry: Entry) -> Item:
    link = _link(entry.view)
    return vars(entry) | {"link": link, "active": _is_at(link)}


def _link(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:  # a page that this installation does not have
        return ""


def _is_at(link: str) -> Callable[[HttpRequest], bool]:
    return lambda request: bool(link) and request.path.startswith(link)
