"""Which pages are there beside the API, and who may open them? The access table of pages.

A page's statuses: of nobody, of the salon's owner, of another salon's owner who asks for this
salon's things, of platform staff who have chosen no salon. `{...}` in a path or a body names
salon A's own things. 0: one of the
refusals, or a page of the visitor's own things only: what stands on it is looked at all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.isolation.tables import Planted

NOBODYS = "00000000-0000-7000-8000-000000000000"


@dataclass(frozen=True)
class Page:
    """One way of asking for a page. is_json: the body goes as JSON, else as a form."""

    path: str
    nobody: int
    owner: int
    stranger: int
    staff: int
    method: str = "GET"
    body: Any = None
    is_json: bool = False

    @property
    def name(self) -> str:
        """Name the page in a test's id."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Screen:
    """A model's screen in the admin. table: whose rows; add, delete: whether an owner may."""

    table: str
    add: bool = True
    delete: bool = True
    is_platforms: bool = False


def same(path: str, status: int, method: str = "GET", body: Any = None) -> Page:
    """Make the row of a page that answers everybody alike."""
    return Page(path, status, status, status, status, method, body)


def touch(path: str, stranger: int, body: Any) -> Page:
    """Make the row of a call that the Phone's page makes."""
    return Page(f"/phone/{path}", 403, 200, stranger, 403, "POST", body, True)


def queues(path: str, staff: int = 404) -> tuple[Page, ...]:
    """Make the row of a page of RQ: platform staff only. 404, 0: there is no such job now."""
    return (Page(f"/admin/queues/{path}", 302, 403, 403, staff),)


#: The model's part of the admin's routes -> its screen.
SCREENS: Mapping[str, Screen] = {
    "tenants/tenant": Screen("tenants.Tenant", add=False, delete=False),
    "tenants/location": Screen("tenants.Location", delete=False),
    "tenants/member": Screen("tenants.Member", delete=False),
    "tenants/user": Screen("tenants.User", is_platforms=True),
    "tenants/apikey": Screen("tenants.ApiKey", delete=False),
    "tenants/platformkey": Screen("tenants.PlatformKey", is_platforms=True),
    "tenants/subscriber": Screen("tenants.Subscriber"),
    "tenants/topic": Screen("tenants.Topic"),
    "tenants/suppression": Screen("tenants.Suppression", delete=False),
    "tenants/consent": Screen("tenants.Consent", add=False, delete=False),
    "channels/integration": Screen("channels.Integration"),
    "channels/whatsapptemplate": Screen("channels.WhatsAppTemplate"),
    "channels/channelrule": Screen("channels.ChannelRule"),
    "channels/defaultintegration": Screen("channels.DefaultIntegration", is_platforms=True),
    "notifications/event": Screen("notifications.Event", add=False, delete=False),
    "notifications/notification": Screen("notifications.Notification", add=False, delete=False),
    "notifications/message": Screen("notifications.Message", add=False, delete=False),
    "notifications/logentry": Screen("notifications.LogEntry", add=False, delete=False),
    "notifications/webhookendpoint": Screen("notifications.WebhookEndpoint"),
    "notifications/webhookdelivery": Screen(
        "notifications.WebhookDelivery", add=False, delete=False
    ),
    "notifications/deadletter": Screen("notifications.DeadLetter", add=False, delete=False),
    "notifications/escalation": Screen("notifications.Escalation", add=False, delete=False),
    "notifications/externaldelivery": Screen(
        "notifications.ExternalDelivery", add=False, delete=False
    ),
    "notifications/stop": Screen("notifications.Stop", delete=False),
    "notifications/platformstop": Screen("notifications.PlatformStop", is_platforms=True),
    "notifications/messagetemplate": Screen("notifications.MessageTemplate", delete=False),
    "notifications/workflow": Screen("notifications.Workflow", delete=False),
}

_WORKFLOW = "/admin/notifications/workflow/{workflow_pk}"
_TEMPLATE = "/admin/notifications/messagetemplate/{template_pk}"
_WORKFLOWS = "/admin/notifications/workflow"
_COMPLETE = "/admin/autocomplete/?app_label=notifications&model_name=step&field_name=template"
_CALLBACK = "/v1/callbacks/{integration_pk}"
_NOVU = "/internal/webhooks/novu/{integration_pk}"
_Q, _JOB = "admin/queues/queues/<int:queue_index>/", "queues/0/nobody/"
_QJ = f"{_Q}<str:job_id>/"

OTHERS: Mapping[str, tuple[Page, ...]] = {
    "": (same("/", 302),),
    "favicon.ico": (same("/favicon.ico", 302),),
    "health/live": (same("/health/live", 200),),
    "health/ready": (same("/health/ready", 200),),
    "metrics": (same("/metrics", 200),),  # this client is the machine itself
    "api/schema/": (same("/api/schema/", 200),),
    "api/docs/": (same("/api/docs/", 200),),
    "i18n/setlang/": (same("/i18n/setlang/", 302, "POST", {"language": "en"}),),
    "v1/callbacks/<uuid:integration_id>/<str:token>": (
        same(f"{_CALLBACK}/{{callback_token}}", 401, "POST", {"ok": "{client}"}),
        same(f"{_CALLBACK}/wrong", 404, "POST", {"ok": "{client}"}),
        same(f"{_CALLBACK}/{{callback_token}}", 401),
    ),
    "t/<str:token>.<int:number>": (same("/t/{message_pk}.0", 404),),
    "o/<str:token>.gif": (same("/o/{message_pk}.gif", 404),),
    "u/<str:token>": (
        same("/u/{client_pk}", 404),
        same("/u/{client_pk}", 404, "POST", {"List-Unsubscribe": "One-Click"}),
    ),
    "internal/webhooks/novu/<uuid:integration_id>/<str:token>": (
        same(f"{_NOVU}/{{callback_token}}", 404, "POST", {"ok": "{client}"}),  # it is a bot's
        same(f"{_NOVU}/wrong", 404, "POST", {"ok": "{client}"}),
        same(f"{_NOVU}/{{callback_token}}", 405),
    ),
    "webhook/novu/<uuid:integration_id>/<str:token>": (
        same("/webhook/novu/{integration_pk}/{callback_token}", 404, "POST", {"ok": "{client}"}),
        same("/webhook/novu/{integration_pk}/{callback_token}", 405),
    ),
    "phone/": (Page("/phone/", 302, 200, 200, 403),),
    "phone/receive/<uuid:integration_id>": (
        same("/phone/receive/{integration_pk}", 404, "POST", {"id": "{client}"}),
    ),
    "phone/clients": (
        Page("/phone/clients", 403, 200, 200, 403),
        Page("/phone/clients?q=first", 403, 200, 200, 403),
    ),
    "phone/messages": (Page("/phone/messages", 403, 200, 200, 403),),
    "phone/letter/<uuid:key>": (Page("/phone/letter/{phone_pk}", 403, 200, 404, 403),),
    "phone/read": (touch("read", 200, {"ids": ["{phone_pk}"]}),),
    "phone/press": (touch("press", 404, {"id": "{phone_pk}", "button": 0}),),
    "phone/reply": (touch("reply", 404, {"tab": "email", "address": "{mail}", "text": "да"}),),
    "phone/open": (touch("open", 404, {"client": "{client_pk}", "tab": "vk", "start": ""}),),
    "phone/switch": (
        touch(
            "switch", 404, {"client": "{client_pk}", "tab": "", "fault": "no_network", "on": True}
        ),
    ),
    "admin/salon/<str:slug>/": (Page("/admin/salon/{salon}/", 403, 302, 403, 302, "POST"),),
    "admin/": (Page("/admin/", 302, 200, 200, 200),),
    "admin/search/": (
        Page("/admin/search/?s=kanarek", 302, 200, 200, 200),
        Page("/admin/search/?s=first&extended=1", 302, 200, 200, 200),
    ),
    "admin/login/": (Page("/admin/login/", 200, 302, 302, 302),),
    "admin/logout/": (Page("/admin/logout/", 302, 200, 200, 200, "POST"),),
    "admin/password_change/": (Page("/admin/password_change/", 302, 200, 200, 200),),
    "admin/password_change/done/": (Page("/admin/password_change/done/", 302, 200, 200, 200),),
    "admin/autocomplete/": (
        Page(_COMPLETE, 302, 200, 200, 200),
        Page(f"{_COMPLETE}&term=text", 302, 200, 200, 200),
    ),
    "admin/jsi18n/": (Page("/admin/jsi18n/", 302, 200, 200, 200),),
    "admin/r/<path:content_type_id>/<path:object_id>/": (
        Page("/admin/r/{client_type}/{client_pk}/", 302, 404, 404, 404),
    ),
    "admin/tenants/user/<id>/password/": (
        Page("/admin/tenants/user/{user_pk}/password/", 302, 403, 403, 403),
    ),
    "admin/notifications/messagetemplate/<uuid:pk>/preview/": (
        Page(f"{_TEMPLATE}/preview/", 302, 200, 404, 200),
        Page(f"{_TEMPLATE}/preview/", 302, 200, 404, 200, "POST", {"body_ru": "{client}"}),
    ),
    "admin/notifications/messagetemplate/<uuid:pk>/publish/": (
        Page(f"{_TEMPLATE}/publish/", 302, 302, 404, 403, "POST"),
    ),
    "admin/notifications/messagetemplate/<uuid:pk>/restore/<int:number>/": (
        Page(f"{_TEMPLATE}/restore/1/", 302, 302, 404, 403, "POST"),
    ),
    "admin/notifications/workflow/packs/": (
        Page(f"{_WORKFLOWS}/packs/", 302, 302, 302, 302, "POST", {"pack": "business-events"}),
    ),
    **{
        f"admin/notifications/messagetemplate/<uuid:pk>/{word}/": (
            Page(f"{_TEMPLATE}/{word}/", 302, 302, 404, 403, "POST"),
        )
        for word in ("submit", "return")
    },
    **{
        f"admin/notifications/workflow/<uuid:pk>/{word}/": (
            Page(f"{_WORKFLOW}/{word}/", 302, 302, 404, 403, "POST"),
        )
        for word in ("publish", "submit", "return", "renew", "update")
    },
    "admin/notifications/workflow/<uuid:pk>/restore/<int:number>/": (
        Page(f"{_WORKFLOW}/restore/1/", 302, 302, 404, 403, "POST"),
    ),
    "admin/notifications/workflow/<uuid:pk>/rehearse/": (
        Page(f"{_WORKFLOW}/rehearse/", 302, 200, 404, 403, "POST", {"client": "{client}"}),
    ),
    "admin/channels/whatsapptemplate/sync/": (
        Page("/admin/channels/whatsapptemplate/sync/", 302, 302, 302, 302, "POST"),
    ),
    "admin/^(?P<app_label>tenants|channels|notifications)/$": (
        Page("/admin/tenants/", 302, 200, 200, 200),
        Page("/admin/channels/", 302, 200, 200, 200),
        Page("/admin/notifications/", 302, 200, 200, 200),
    ),
    "admin/(?P<url>.*)$": (Page("/admin/nothing/", 302, 404, 404, 404),),
    "admin/queues/": queues("", 200),
    "admin/queues/^stats.json/?$": queues("stats.json", 200),
    "admin/queues/^stats.json/(?P<token>[\\w]+)?/?$": queues("stats.json/token", 200),
    "admin/queues/^metrics/?$": queues("metrics", 0),
    _Q: queues("queues/0/", 200),
    f"{_Q}details/": queues("queues/0/details/", 200),
    f"{_Q}finished/": queues("queues/0/finished/", 200),
    f"{_Q}failed/": queues("queues/0/failed/", 200),
    f"{_Q}failed/clear/": queues("queues/0/failed/clear/", 200),
    f"{_Q}scheduled/": queues("queues/0/scheduled/", 200),
    f"{_Q}started/": queues("queues/0/started/", 200),
    f"{_Q}deferred/": queues("queues/0/deferred/", 200),
    f"{_Q}empty/": queues("queues/0/empty/", 200),
    f"{_Q}requeue-all/": queues("queues/0/requeue-all/", 200),
    _QJ: queues(_JOB),
    f"{_QJ}results/<str:result_id>/": queues(f"{_JOB}results/none/"),
    f"{_QJ}delete/": queues(f"{_JOB}delete/"),
    f"{_QJ}requeue/": queues(f"{_JOB}requeue/"),
    f"{_QJ}enqueue/": queues(f"{_JOB}enqueue/"),
    f"{_QJ}stop/": queues(f"{_JOB}stop/", 405),
    "admin/queues/queues/confirm-action/<int:queue_index>/": queues(
        "queues/confirm-action/0/", 302
    ),
    "admin/queues/queues/actions/<int:queue_index>/": queues("queues/actions/0/", 302),
    "admin/queues/workers/<int:queue_index>/": queues("workers/0/", 200),
    "admin/queues/workers/<int:queue_index>/<str:key>/": queues("workers/0/nobody/"),
    "admin/queues/schedulers/<int:scheduler_index>/": queues("schedulers/0/", 200),
    "admin/queues/cron-schedulers/<int:connection_index>/<str:scheduler_name>/": queues(
        "cron-schedulers/0/none/"
    ),
    "admin/queues/cron-schedulers/<int:connection_index>/<str:scheduler_name>/jobs/"
    "<path:cron_job_name>/": queues("cron-schedulers/0/none/jobs/none/"),
}


def _screen(name: str, screen: Screen) -> Iterator[tuple[str, tuple[Page, ...]]]:
    root, one = f"admin/{name}/", f"admin/{name}/<path:object_id>/"
    at, key = f"/admin/{name}/", f"/admin/{name}/{{{screen.table}}}/"
    if screen.is_platforms:
        for route, path in {root: at, f"{root}add/": f"{at}add/"}.items():
            yield route, (Page(path, 302, 403, 403, 403 if path != at else 200),)
        for verb in ("history", "delete", "change"):
            yield f"{one}{verb}/", (Page(f"{key}{verb}/", 302, 0, 0, 0),)
        yield one, (Page(key, 302, 302, 302, 302),)
        return
    chosen = {"action": "delete_selected", "_selected_action": [f"{{{screen.table}}}"], "post": "1"}
    add, delete = (200 if may else 403 for may in (screen.add, screen.delete))
    yield (
        root,
        (
            Page(at, 302, 200, 200, 200),
            Page(f"{at}?q=kanarek", 302, 0, 200, 0),
            Page(f"{at}?tenant__id__exact={{salon_pk}}", 302, 0, 0, 0),
            Page(at, 302, 0, 0, 0, "POST", chosen),
        ),
    )
    yield f"{root}add/", (Page(f"{at}add/", 302, add, add, 403),)
    yield f"{one}history/", (Page(f"{key}history/", 302, 200, 302, 200),)
    yield (
        f"{one}delete/",
        (
            Page(f"{key}delete/", 302, delete, 302 if screen.delete else 0, 403),
            Page(f"{key}delete/", 302, 0, 0, 403, "POST", {"post": "yes"}),
        ),
    )
    yield (
        f"{one}change/",
        (
            Page(f"{key}change/", 302, 200, 302, 200),
            Page(f"{key}change/", 302, 0, 0, 403, "POST", {"name": "Mine"}),
        ),
    )
    yield one, (Page(key, 302, 302, 302, 302),)


PAGES: Mapping[str, tuple[Page, ...]] = {
    **OTHERS,
    **{route: page for name, screen in SCREENS.items() for route, page in _screen(name, screen)},
}


def braced(name: str) -> str:
    """Write a name as it stands in the table."""
    return "{" + name + "}"


def names_of(one: Planted) -> dict[str, str]:
    """Name a salon's things as the braces of the table do."""
    ids = {table: str(row.pk) for table, row in one.rows.items()}
    return ids | {
        "tenants.User": str(one.owner.pk),
        "tenants.PlatformKey": NOBODYS,
        "channels.DefaultIntegration": NOBODYS,
        "salon": one.tenant.slug,
        "salon_pk": str(one.tenant.pk),
        "user_pk": str(one.owner.pk),
        "client": one.word("client"),
        "client_pk": ids["tenants.Subscriber"],
        "mail": one.of("tenants.Address").value,
        "workflow_pk": ids["notifications.Workflow"],
        "template_pk": ids["notifications.MessageTemplate"],
        "phone_pk": ids["channels.PhoneMessage"],
        "integration_pk": ids["channels.Integration"],
        "callback_token": one.of("channels.Integration").callback_token,
    }


def fill(value: Any, names: Mapping[str, str]) -> Any:
    """Put a salon's names into a path or a body."""
    if isinstance(value, str):
        for name, word in names.items():
            value = value.replace(braced(name), word)
        return value
    if isinstance(value, dict):
        return {key: fill(item, names) for key, item in value.items()}
    return [fill(item, names) for item in value] if isinstance(value, list) else value
