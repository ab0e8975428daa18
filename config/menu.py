"""What stands in the admin's menu, and for whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tenants.admin_salon import current_salon, switcher
from tenants.permissions import standing

Item = dict[str, Any]


def navigation(request: HttpRequest) -> list[Item]:
    """List the groups of the menu that hold anything for this visitor."""
    groups: list[tuple[Promise, list[Item]]] = [
        (
            _("Messages"),
            [
                _item(_("Cases"), "support_agent", "notifications_escalation", "cases"),
                _item(_("Notifications"), "forum", "notifications_notification", "log"),
                _item(_("Sent messages"), "send", "notifications_message", "log"),
                _item(_("Delivery log"), "list_alt", "notifications_logentry", "log"),
                _item(_("Events"), "bolt", "notifications_event", "log"),
                _item(_("External deliveries"), "hub", "notifications_externaldelivery", "log"),
                _item(_("Dead letters"), "error", "notifications_deadletter", "log"),
                _page(_("The Phone"), "smartphone", "phone", "log"),
            ],
        ),
        (
            _("Content"),
            [
                _item(_("Templates"), "edit_note", "notifications_messagetemplate", "templates"),
                _item(
                    _("Templates for WhatsApp"),
                    "verified",
                    "channels_whatsapptemplate",
                    "templates",
                ),
                _item(_("Workflows"), "account_tree", "notifications_workflow", "workflows"),
            ],
        ),
        (
            _("Clients"),
            [
                _item(_("Clients"), "group", "tenants_subscriber", "clients"),
                _item(_("Topics"), "sell", "tenants_topic", "clients"),
                _item(_("Consents"), "approval", "tenants_consent", "clients"),
                _item(_("Never write to"), "do_not_disturb_on", "tenants_suppression", "clients"),
            ],
        ),
        (
            _("Salon"),
            [
                _item(_("Salon's card"), "storefront", "tenants_tenant", "salon"),
                _item(_("Locations"), "location_on", "tenants_location", "salon"),
                _item(_("Channels"), "cell_tower", "channels_integration", "integrations"),
                _item(_("Channel rules"), "rule", "channels_channelrule", "integrations"),
                _item(_("Stops"), "block", "notifications_stop", "salon"),
                _item(_("Team"), "badge", "tenants_member", "members"),
                _item(_("API keys"), "key", "tenants_apikey", "keys"),
                _item(_("Webhooks"), "webhook", "notifications_webhookendpoint", "keys"),
                _item(_("Webhook deliveries"), "outbox", "notifications_webhookdelivery", "keys"),
            ],
        ),
        (
            _("Platform"),
            [
                _item(_("People"), "manage_accounts", "tenants_user", "platform"),
                _item(_("Default channels"), "hub", "channels_defaultintegration", "platform"),
                _item(_("Stops of all salons"), "block", "notifications_platformstop", "platform"),
                _item(_("Platform keys"), "vpn_key", "tenants_platformkey", "platform"),
                _page(_("Queues"), "stacks", "django_rq:home", "platform"),
            ],
        ),
    ]
    may = standing(request).may
    shown = (
        (title, [item for item in items if item["link"] and may("view", item["area"])])
        for title, items in groups
    )
    return [
        {"title": title, "separator": True, "collapsible": False, "items": items}
        for title, items in shown
        if items
    ]


def salons(request: HttpRequest) -> list[Item]:
    """List the salons that the visitor may switch to."""
    return switcher(request)


def salon_name(request: HttpRequest) -> str:
    """Name the salon of this page."""
    return current_salon(request)


def environment(request: HttpRequest) -> list[Any] | None:
    """Warn in the head of the page that nothing can be written."""
    here = standing(request)
    if here.role and here.tenant_id is None:
        return [_("Read only"), "warning"]
    return None


def style(request: HttpRequest) -> str:
    """Name the admin's own style sheet."""
    return static("kolokol/admin.css")


def _item(title: Promise, icon: str, model: str, area: str) -> Item:
    return _page(title, icon, f"admin:{model}_changelist", area)


def _page(title: Promise, icon: str, name: str, area: str) -> Item:
    link = _link(name)
    return {"title": title, "icon": icon, "link": link, "area": area, "active": _is_at(link)}


def _link(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:  # a page that this installation does not have
        return ""


def _is_at(link: str) -> Callable[[HttpRequest], bool]:
    return lambda request: bool(link) and request.path.startswith(link)
