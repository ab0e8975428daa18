"""Accounts at providers with what belongs to them, and the Phone."""

from django.core.validators import RegexValidator
from django.db import migrations, models

from channels.models import provider_choices
from channels.policy import target_choices
from tenants.ids import uuid7
from tenants.rls import CreateTogether, Protect, TenantForeignKey, sql_names

STATES = [("active", "Active"), ("paused", "Paused"), ("disabled", "Off")]
ID = models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)
TENANT = models.ForeignKey(
    "tenants.tenant", on_delete=models.PROTECT, related_name="+", db_index=False, editable=False
)
LOOSE = {
    "on_delete": models.DO_NOTHING,
    "related_name": "+",
    "db_constraint": False,
    "db_index": False,
}
INSIDE = {
    "on_delete": models.CASCADE,
    "related_name": "+",
    "db_constraint": False,
    "db_index": False,
}
HOT_TENANT = models.ForeignKey("tenants.tenant", editable=False, **LOOSE)

MODELS = [
    migrations.CreateModel(
        "Integration",
        [
            ("id", ID),
            ("name", models.CharField("name", max_length=100)),
            ("identifier", models.SlugField("identifier", max_length=64)),
            (
                "provider",
                models.CharField("provider", max_length=32, choices=provider_choices),
            ),
            ("kind", models.CharField("channel kind", max_length=10)),
            ("credentials", models.TextField(blank=True, editable=False)),
            (
                "position",
                models.PositiveSmallIntegerField(
                    "order", default=0, help_text="The first usable one of a kind is taken."
                ),
            ),
            ("state", models.CharField("state", max_length=8, default="active", choices=STATES)),
            ("state_reason", models.CharField("reason", max_length=200, blank=True)),
            ("frozen_until", models.DateTimeField(blank=True, null=True, editable=False)),
            ("callback_token", models.CharField(max_length=43, editable=False)),
            ("created_at", models.DateTimeField("created", auto_now_add=True)),
            ("tenant", TENANT),
            ("route", models.CharField(max_length=100, blank=True, editable=False)),
            ("connect_at", models.DateTimeField(blank=True, null=True, editable=False)),
            ("connected_at", models.DateTimeField(blank=True, null=True, editable=False)),
            ("connect_fault", models.CharField(max_length=200, blank=True, editable=False)),
        ],
        options={
            "verbose_name": "integration",
            "verbose_name_plural": "integrations",
            "indexes": [
                models.Index(
                    condition=~models.Q(route=""),
                    fields=["provider", "route"],
                    name="integration_route",
                )
            ],
            "constraints": [
                models.UniqueConstraint(fields=("tenant", "id"), name="integration_tenant_id"),
                models.UniqueConstraint(
                    fields=("tenant", "identifier"), name="integration_identifier"
                ),
            ],
        },
    ),
    migrations.CreateModel(
        "DefaultIntegration",
        [
            ("name", models.CharField("name", max_length=100)),
            ("identifier", models.SlugField("identifier", max_length=64)),
            (
                "provider",
                models.CharField("provider", max_length=32, choices=provider_choices),
            ),
            ("kind", models.CharField("channel kind", max_length=10)),
            ("credentials", models.TextField(blank=True, editable=False)),
            (
                "position",
                models.PositiveSmallIntegerField(
                    "order", default=0, help_text="The first usable one of a kind is taken."
                ),
            ),
            ("state", models.CharField("state", max_length=8, default="active", choices=STATES)),
            ("state_reason", models.CharField("reason", max_length=200, blank=True)),
            ("frozen_until", models.DateTimeField(blank=True, null=True, editable=False)),
            ("callback_token", models.CharField(max_length=43, editable=False)),
            ("created_at", models.DateTimeField("created", auto_now_add=True)),
            ("id", ID),
            ("connect_at", models.DateTimeField(blank=True, null=True, editable=False)),
            ("connected_at", models.DateTimeField(blank=True, null=True, editable=False)),
            ("connect_fault", models.CharField(max_length=200, blank=True, editable=False)),
        ],
        options={
            "verbose_name": "default integration",
            "verbose_name_plural": "default integrations",
            "constraints": [
                models.UniqueConstraint(
                    fields=("identifier",), name="defaultintegration_identifier"
                )
            ],
        },
    ),
    migrations.CreateModel(
        "ChannelRule",
        [
            ("id", ID),
            (
                "target",
                models.CharField("channel", max_length=16, choices=target_choices),
            ),
            ("may_tx", models.BooleanField("transactional messages", default=True)),
            ("may_mk", models.BooleanField("marketing", default=True)),
            ("tenant", TENANT),
        ],
        options={
            "verbose_name": "channel rule",
            "verbose_name_plural": "channel rules",
            "constraints": [
                models.UniqueConstraint(fields=("tenant", "target"), name="channelrule_target")
            ],
        },
    ),
    migrations.CreateModel(
        "SenderName",
        [
            ("id", ID),
            (
                "prefix",
                models.CharField(
                    "numbers that begin with",
                    max_length=16,
                    blank=True,
                    help_text="A country or an operator, such as +7 or +7916. Empty: all other numbers.",
                    validators=[RegexValidator("^\\+[0-9]{1,15}$")],
                ),
            ),
            (
                "sender",
                models.CharField(
                    "sender's name",
                    max_length=15,
                    help_text="Latin letters and digits, usually up to 11, as the operator registered it.",
                    validators=[RegexValidator("^[A-Za-z0-9][A-Za-z0-9 ._&+-]*$")],
                ),
            ),
            (
                "state",
                models.CharField(
                    "state",
                    max_length=10,
                    default="requested",
                    choices=[
                        ("requested", "Requested"),
                        ("registered", "Registered"),
                        ("refused", "Refused"),
                    ],
                ),
            ),
            (
                "integration",
                models.ForeignKey(
                    "channels.integration",
                    on_delete=models.CASCADE,
                    related_name="sender_names",
                    db_index=False,
                    db_constraint=False,
                ),
            ),
            ("tenant", TENANT),
        ],
        options={
            "verbose_name": "sender's name",
            "verbose_name_plural": "senders' names",
            "constraints": [
                models.UniqueConstraint(
                    fields=("tenant", "integration", "prefix"), name="sendername_prefix"
                )
            ],
        },
    ),
    migrations.CreateModel(
        "WhatsAppTemplate",
        [
            ("id", ID),
            ("text_id", models.UUIDField("message template", blank=True, null=True)),
            (
                "name",
                models.CharField(
                    "name",
                    max_length=200,
                    help_text="Lower-case letters, digits and _; WhatsApp sees it with a number behind.",
                    validators=[RegexValidator("^[a-z0-9_]+$")],
                ),
            ),
            (
                "language",
                models.CharField(
                    "language",
                    max_length=5,
                    default="ru",
                    choices=[("ru", "Russian"), ("en", "English")],
                ),
            ),
            (
                "category",
                models.CharField(
                    "category",
                    max_length=14,
                    default="utility",
                    choices=[
                        ("utility", "Service message"),
                        ("marketing", "Marketing"),
                        ("authentication", "Login code"),
                    ],
                ),
            ),
            ("header", models.CharField("heading", max_length=60, blank=True)),
            (
                "body",
                models.TextField(
                    "text",
                    max_length=1024,
                    help_text="With variables such as {{ clientName }}, neither first nor last in it.",
                ),
            ),
            ("footer", models.CharField("footer", max_length=60, blank=True)),
            (
                "buttons",
                models.JSONField(
                    "buttons",
                    blank=True,
                    default=list,
                    help_text='A list such as [{"text": "Confirm", "action": "confirm"}].',
                ),
            ),
            (
                "examples",
                models.JSONField(
                    "examples",
                    blank=True,
                    default=dict,
                    help_text='What WhatsApp\'s reviewers see, such as {"clientName": "Anna"}.',
                ),
            ),
            (
                "state",
                models.CharField(
                    "state",
                    max_length=10,
                    default="draft",
                    editable=False,
                    choices=[
                        ("draft", "Not submitted"),
                        ("pending", "Waits for approval"),
                        ("approved", "Approved"),
                        ("rejected", "Rejected"),
                        ("paused", "Paused by WhatsApp"),
                        ("disabled", "Switched off by WhatsApp"),
                    ],
                ),
            ),
            ("reason", models.CharField("reason", max_length=200, blank=True, editable=False)),
            ("number", models.PositiveIntegerField(default=0, editable=False)),
            ("provider_id", models.CharField(max_length=64, blank=True, editable=False)),
            ("submitted_name", models.CharField(max_length=220, blank=True, editable=False)),
            ("submitted", models.JSONField(null=True, editable=False)),
            ("approved_name", models.CharField(max_length=220, blank=True, editable=False)),
            ("approved", models.JSONField(null=True, editable=False)),
            ("is_running", models.BooleanField(default=False, editable=False)),
            ("synced_at", models.DateTimeField(null=True, editable=False)),
            ("integration", models.ForeignKey("channels.integration", **INSIDE)),
            ("tenant", TENANT),
        ],
        options={
            "verbose_name": "WhatsApp template",
            "verbose_name_plural": "WhatsApp templates",
            "constraints": [
                models.UniqueConstraint(
                    fields=("tenant", "integration", "name", "language"),
                    name="whatsapptemplate_name",
                ),
                models.UniqueConstraint(
                    fields=("tenant", "integration", "text_id", "language"),
                    name="whatsapptemplate_text",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        "PhoneMessage",
        [
            ("id", ID),
            ("message_id", models.UUIDField(unique=True)),
            ("integration_id", models.UUIDField()),
            ("channel", models.CharField(max_length=10)),
            ("address", models.CharField(max_length=1024)),
            ("content", models.JSONField()),
            ("received_at", models.DateTimeField(auto_now_add=True)),
            ("pressed", models.CharField(max_length=64, blank=True)),
            ("tenant", HOT_TENANT),
        ],
        options={
            "verbose_name": "message on the Phone",
            "verbose_name_plural": "messages on the Phone",
            "indexes": [models.Index(fields=["tenant", "id"], name="phonemessage_new")],
        },
    ),
    migrations.CreateModel(
        "PhoneSwitch",
        [
            ("id", ID),
            ("subscriber_id", models.UUIDField()),
            ("channel", models.CharField(max_length=10, blank=True)),
            (
                "fault",
                models.CharField(
                    max_length=16,
                    choices=[
                        ("no_network", "No network"),
                        ("not_registered", "Not registered"),
                        ("blocked", "Blocked the salon"),
                        ("slow", "Slow: 10 seconds"),
                        ("window_closed", "24-hour window closed"),
                    ],
                ),
            ),
            ("tenant", TENANT),
        ],
        options={
            "verbose_name": "switch of the Phone",
            "verbose_name_plural": "switches of the Phone",
            "constraints": [
                models.UniqueConstraint(
                    fields=("tenant", "subscriber_id", "channel", "fault"), name="phoneswitch_once"
                )
            ],
        },
    ),
]
#: What every role may read; `credentials` is for workers, who send, and for the platform's staff.
OPEN = (
    "id, name, identifier, provider, kind, position, state, state_reason, frozen_until,"
    " callback_token, created_at, connect_at, connected_at, connect_fault"
)
# The platform's own integrations: salons use them, and cannot read their secrets. Whose callback it
# is, the platform role decides.
GUARD = """
ALTER TABLE channels_defaultintegration ENABLE ROW LEVEL SECURITY;
ALTER TABLE channels_defaultintegration FORCE ROW LEVEL SECURITY;
REVOKE ALL ON channels_defaultintegration FROM {app}, {worker}, {support};
CREATE POLICY owner ON channels_defaultintegration TO {owner} USING (true);
CREATE POLICY app ON channels_defaultintegration FOR SELECT TO {app} USING (true);
CREATE POLICY worker ON channels_defaultintegration TO {worker} USING (true);
CREATE POLICY support ON channels_defaultintegration TO {support} USING (true);
CREATE POLICY platform ON channels_defaultintegration FOR SELECT TO {platform} USING (true);
GRANT SELECT (OPEN) ON channels_defaultintegration TO {app};
GRANT SELECT, UPDATE (state, state_reason, frozen_until) ON channels_defaultintegration TO {worker};
GRANT SELECT, INSERT, UPDATE, DELETE ON channels_defaultintegration TO {support};
GRANT SELECT (id, provider) ON channels_defaultintegration TO {platform};
""".replace("OPEN", OPEN)


class Migration(migrations.Migration):
    initial = True
    replaces = [
        ("channels", "0001_initial"),
        ("channels", "0002_initial"),
        ("channels", "0003_protect"),
        ("channels", "0004_phone_address"),
        ("channels", "0005_default_integrations"),
        ("channels", "0010_connect"),
        ("channels", "0011_connect_default"),
    ]
    dependencies = [("tenants", "0003_functions_and_triggers")]
    operations = [
        CreateTogether(MODELS),
        Protect("Integration"),
        Protect("ChannelRule"),
        Protect("SenderName"),
        Protect("WhatsAppTemplate"),
        Protect("PhoneMessage"),
        Protect("PhoneSwitch"),
        TenantForeignKey("SenderName", "integration_id", "channels_integration"),
        TenantForeignKey("WhatsAppTemplate", "integration_id", "channels_integration"),
        migrations.RunSQL(GUARD.format(**sql_names()), migrations.RunSQL.noop),
    ]
