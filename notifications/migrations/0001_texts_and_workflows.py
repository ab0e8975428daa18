"""Texts and workflows: drafts, and what was published of them."""

from django.conf import settings
from django.db import migrations, models

from tenants.ids import uuid7
from tenants.rls import CreateTogether, Protect, TenantForeignKey

ID = models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)
TENANT = models.ForeignKey(
    "tenants.tenant", on_delete=models.PROTECT, related_name="+", db_index=False, editable=False
)

MODELS = [
    migrations.CreateModel(
        "MessageTemplate",
        [
            ("id", ID),
            ("key", models.SlugField("identifier", max_length=120)),
            ("name", models.CharField("name", max_length=200)),
            (
                "title",
                models.CharField(
                    "title or subject",
                    max_length=300,
                    blank=True,
                    help_text="Subject of an e-mail.",
                ),
            ),
            (
                "title_ru",
                models.CharField(
                    "title or subject",
                    max_length=300,
                    blank=True,
                    null=True,
                    help_text="Subject of an e-mail.",
                ),
            ),
            (
                "title_en",
                models.CharField(
                    "title or subject",
                    max_length=300,
                    blank=True,
                    null=True,
                    help_text="Subject of an e-mail.",
                ),
            ),
            ("body", models.TextField("text", blank=True)),
            ("body_ru", models.TextField("text", blank=True, null=True)),
            ("body_en", models.TextField("text", blank=True, null=True)),
            ("image_url", models.CharField("picture", max_length=500, blank=True)),
            ("image_url_ru", models.CharField("picture", max_length=500, blank=True, null=True)),
            ("image_url_en", models.CharField("picture", max_length=500, blank=True, null=True)),
            (
                "buttons",
                models.JSONField(
                    "buttons",
                    blank=True,
                    default=list,
                    help_text='A list such as [{"text": "Confirm", "url": "{{ confirmUrl }}"}].',
                ),
            ),
            (
                "buttons_ru",
                models.JSONField(
                    "buttons",
                    blank=True,
                    null=True,
                    default=list,
                    help_text='A list such as [{"text": "Confirm", "url": "{{ confirmUrl }}"}].',
                ),
            ),
            (
                "buttons_en",
                models.JSONField(
                    "buttons",
                    blank=True,
                    null=True,
                    default=list,
                    help_text='A list such as [{"text": "Confirm", "url": "{{ confirmUrl }}"}].',
                ),
            ),
            ("updated_at", models.DateTimeField("changed", auto_now=True)),
            ("tenant", TENANT),
            (
                "published",
                models.ForeignKey(
                    "notifications.templateversion",
                    on_delete=models.SET_NULL,
                    null=True,
                    editable=False,
                    related_name="+",
                    db_constraint=False,
                ),
            ),
            (
                "letter",
                models.TextField(
                    "e-mail design",
                    blank=True,
                    help_text="MJML or HTML for e-mail alone. Empty: the text in the salon's own layout.",
                ),
            ),
            (
                "letter_ru",
                models.TextField(
                    "e-mail design",
                    blank=True,
                    null=True,
                    help_text="MJML or HTML for e-mail alone. Empty: the text in the salon's own layout.",
                ),
            ),
            (
                "letter_en",
                models.TextField(
                    "e-mail design",
                    blank=True,
                    null=True,
                    help_text="MJML or HTML for e-mail alone. Empty: the text in the salon's own layout.",
                ),
            ),
            ("editors", models.JSONField(default=list, editable=False)),
            ("edited_at", models.DateTimeField(null=True, editable=False)),
            ("submitted_at", models.DateTimeField(null=True, editable=False)),
            (
                "submitted_by",
                models.ForeignKey(
                    settings.AUTH_USER_MODEL,
                    on_delete=models.SET_NULL,
                    null=True,
                    editable=False,
                    related_name="+",
                ),
            ),
        ],
        options={
            "verbose_name": "template",
            "verbose_name_plural": "templates",
            "constraints": [
                models.UniqueConstraint(fields=("tenant", "id"), name="messagetemplate_tenant_id"),
                models.UniqueConstraint(fields=("tenant", "key"), name="messagetemplate_key"),
            ],
        },
    ),
    migrations.CreateModel(
        "TemplateVersion",
        [
            ("id", ID),
            ("number", models.PositiveIntegerField("version")),
            ("texts", models.JSONField("texts")),
            ("published_at", models.DateTimeField("published", auto_now_add=True)),
            (
                "published_by",
                models.ForeignKey(
                    settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
                ),
            ),
            (
                "template",
                models.ForeignKey(
                    "notifications.messagetemplate",
                    on_delete=models.CASCADE,
                    related_name="versions",
                    db_index=False,
                    db_constraint=False,
                ),
            ),
            ("tenant", TENANT),
            (
                "submitted_by",
                models.ForeignKey(
                    settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
                ),
            ),
        ],
        options={
            "verbose_name": "template version",
            "verbose_name_plural": "template versions",
            "constraints": [
                models.UniqueConstraint(fields=("tenant", "id"), name="templateversion_tenant_id"),
                models.UniqueConstraint(
                    fields=("tenant", "template", "number"), name="templateversion_number"
                ),
            ],
        },
    ),
    migrations.CreateModel(
        "Workflow",
        [
            ("id", ID),
            ("identifier", models.SlugField("identifier", max_length=120)),
            ("name", models.CharField("name", max_length=200)),
            ("name_ru", models.CharField("name", max_length=200, null=True)),
            ("name_en", models.CharField("name", max_length=200, null=True)),
            ("description", models.CharField("description", max_length=500, blank=True)),
            (
                "description_ru",
                models.CharField("description", max_length=500, blank=True, null=True),
            ),
            (
                "description_en",
                models.CharField("description", max_length=500, blank=True, null=True),
            ),
            (
                "category",
                models.CharField(
                    "category",
                    max_length=2,
                    default="tx",
                    choices=[("tx", "Transactional"), ("mk", "Marketing")],
                ),
            ),
            (
                "priority",
                models.CharField(
                    "priority",
                    max_length=6,
                    default="normal",
                    choices=[
                        ("urgent", "Urgent"),
                        ("high", "High"),
                        ("normal", "Normal"),
                        ("low", "Low"),
                    ],
                ),
            ),
            (
                "is_critical",
                models.BooleanField(
                    "critical",
                    default=False,
                    help_text="Clients cannot switch it off; failures escalate.",
                ),
            ),
            (
                "expires_after_s",
                models.PositiveIntegerField(
                    "expires after, seconds",
                    blank=True,
                    null=True,
                    help_text="Later than this a message is skipped as expired.",
                ),
            ),
            ("payload_schema", models.JSONField("payload schema", blank=True, default=dict)),
            ("is_active", models.BooleanField("active", default=True)),
            ("pack", models.CharField("pack", max_length=64, blank=True, editable=False)),
            ("pack_version", models.PositiveIntegerField(null=True, editable=False)),
            ("created_at", models.DateTimeField("created", auto_now_add=True)),
            ("updated_at", models.DateTimeField("changed", auto_now=True)),
            ("tenant", TENANT),
            (
                "published",
                models.ForeignKey(
                    "notifications.workflowversion",
                    on_delete=models.SET_NULL,
                    null=True,
                    editable=False,
                    related_name="+",
                    db_constraint=False,
                ),
            ),
            ("editors", models.JSONField(default=list, editable=False)),
            ("edited_at", models.DateTimeField(null=True, editable=False)),
            ("submitted_at", models.DateTimeField(null=True, editable=False)),
            (
                "submitted_by",
                models.ForeignKey(
                    settings.AUTH_USER_MODEL,
                    on_delete=models.SET_NULL,
                    null=True,
                    editable=False,
                    related_name="+",
                ),
            ),
            ("pack_document", models.JSONField(default=dict, editable=False)),
        ],
        options={
            "verbose_name": "workflow",
            "verbose_name_plural": "workflows",
            "constraints": [
                models.UniqueConstraint(fields=("tenant", "id"), name="workflow_tenant_id"),
                models.UniqueConstraint(
                    fields=("tenant", "identifier"), name="workflow_identifier"
                ),
                models.CheckConstraint(
                    condition=models.Q(category="tx") | models.Q(priority__in=["normal", "low"]),
                    name="workflow_mk_never_above_normal",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        "WorkflowVersion",
        [
            ("id", ID),
            ("number", models.PositiveIntegerField("version")),
            ("document", models.JSONField("document")),
            ("published_at", models.DateTimeField("published", auto_now_add=True)),
            (
                "published_by",
                models.ForeignKey(
                    settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
                ),
            ),
            ("tenant", TENANT),
            (
                "workflow",
                models.ForeignKey(
                    "notifications.workflow",
                    on_delete=models.CASCADE,
                    related_name="versions",
                    db_index=False,
                    db_constraint=False,
                ),
            ),
            (
                "submitted_by",
                models.ForeignKey(
                    settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
                ),
            ),
        ],
        options={
            "verbose_name": "workflow version",
            "verbose_name_plural": "workflow versions",
            "constraints": [
                models.UniqueConstraint(fields=("tenant", "id"), name="workflowversion_tenant_id"),
                models.UniqueConstraint(
                    fields=("tenant", "workflow", "number"), name="workflowversion_number"
                ),
            ],
        },
    ),
    migrations.CreateModel(
        "Step",
        [
            ("id", ID),
            ("key", models.SlugField("identifier", max_length=64)),
            ("position", models.PositiveSmallIntegerField("order", default=0)),
            (
                "kind",
                models.CharField(
                    "kind",
                    max_length=16,
                    choices=[
                        ("in_app", "In-app"),
                        ("email", "E-mail"),
                        ("sms", "SMS"),
                        ("chat", "Messenger"),
                        ("push", "Push"),
                        ("webhook", "Webhook"),
                        ("delay", "Delay"),
                        ("condition", "Condition"),
                        ("throttle", "Throttle"),
                        ("ab_split", "A/B split"),
                        ("digest", "Digest"),
                        ("wait_for_reply", "Wait for a reply"),
                        ("fallback", "Fallback"),
                        ("escalate", "Hand to staff"),
                    ],
                ),
            ),
            (
                "channels",
                models.JSONField(
                    "channels",
                    blank=True,
                    default=list,
                    help_text="In order: chat, telegram, whatsapp, sms, email, push. One message.",
                ),
            ),
            (
                "settings",
                models.JSONField(
                    "settings",
                    blank=True,
                    default=dict,
                    help_text='A delay: {"seconds": 3600}. Other kinds: docs/reference/steps.md.',
                ),
            ),
            (
                "template",
                models.ForeignKey(
                    "notifications.messagetemplate",
                    on_delete=models.PROTECT,
                    null=True,
                    blank=True,
                    related_name="+",
                    db_constraint=False,
                ),
            ),
            ("tenant", TENANT),
            (
                "workflow",
                models.ForeignKey(
                    "notifications.workflow",
                    on_delete=models.CASCADE,
                    related_name="steps",
                    db_index=False,
                    db_constraint=False,
                ),
            ),
        ],
        options={
            "verbose_name": "step",
            "verbose_name_plural": "steps",
            "ordering": ["position", "id"],
            "constraints": [
                models.UniqueConstraint(fields=("tenant", "workflow", "key"), name="step_key")
            ],
        },
    ),
]
VERSIONS = """
CREATE TRIGGER config_version AFTER INSERT OR UPDATE OR DELETE ON notifications_messagetemplate
  FOR EACH ROW EXECUTE FUNCTION kolokol_config_changed();
CREATE TRIGGER config_version AFTER INSERT OR UPDATE OR DELETE ON notifications_workflow
  FOR EACH ROW EXECUTE FUNCTION kolokol_config_changed();
"""


class Migration(migrations.Migration):
    initial = True
    replaces = [
        ("notifications", "0001_initial"),
        ("notifications", "0008_letter"),
        ("notifications", "0012_reviews"),
        ("notifications", "0014_step_kinds"),
    ]
    dependencies = [("channels", "0002_doors_and_triggers")]
    operations = [
        CreateTogether(MODELS),
        Protect("MessageTemplate"),
        Protect("TemplateVersion"),
        Protect("Workflow"),
        Protect("Step"),
        Protect("WorkflowVersion"),
        TenantForeignKey("TemplateVersion", "template_id", "notifications_messagetemplate"),
        TenantForeignKey("WorkflowVersion", "workflow_id", "notifications_workflow"),
        TenantForeignKey("Step", "workflow_id", "notifications_workflow"),
        TenantForeignKey(
            "Step", "template_id", "notifications_messagetemplate", on_delete="NO ACTION"
        ),
        TenantForeignKey(
            "MessageTemplate", "published_id", "notifications_templateversion", on_delete="SET NULL"
        ),
        TenantForeignKey(
            "Workflow", "published_id", "notifications_workflowversion", on_delete="SET NULL"
        ),
        migrations.RunSQL(VERSIONS, migrations.RunSQL.noop),
    ]
