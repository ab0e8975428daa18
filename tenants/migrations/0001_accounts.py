"""Salons, the people who work for them, and the keys of their software."""

from django.conf import settings
from django.contrib.auth.models import UserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import migrations, models
from django.utils.timezone import now

from tenants.ids import uuid7
from tenants.models.accounts import check_timezone
from tenants.rls import CreateTogether, Protect

LANGUAGES = [("ru", "Russian"), ("en", "English")]
MODES = [("live", "Live"), ("test", "Test")]
ID = models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)
TENANT = models.ForeignKey(
    "tenants.tenant", on_delete=models.PROTECT, related_name="+", db_index=False, editable=False
)

MODELS = [
    migrations.CreateModel(
        "User",
        [
            ("id", models.BigAutoField("ID", primary_key=True, serialize=False, auto_created=True)),
            ("password", models.CharField("password", max_length=128)),
            ("last_login", models.DateTimeField("last login", blank=True, null=True)),
            (
                "is_superuser",
                models.BooleanField(
                    "superuser status",
                    default=False,
                    help_text="Designates that this user has all permissions without explicitly assigning them.",
                ),
            ),
            (
                "username",
                models.CharField(
                    "username",
                    max_length=150,
                    unique=True,
                    help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                    validators=[UnicodeUsernameValidator()],
                    error_messages={"unique": "A user with that username already exists."},
                ),
            ),
            ("first_name", models.CharField("first name", max_length=150, blank=True)),
            ("last_name", models.CharField("last name", max_length=150, blank=True)),
            ("email", models.EmailField("email address", max_length=254, blank=True)),
            (
                "is_staff",
                models.BooleanField(
                    "staff status",
                    default=False,
                    help_text="Designates whether the user can log into this admin site.",
                ),
            ),
            (
                "is_active",
                models.BooleanField(
                    "active",
                    default=True,
                    help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                ),
            ),
            ("date_joined", models.DateTimeField("date joined", default=now)),
            (
                "language",
                models.CharField("language", max_length=2, default="ru", choices=LANGUAGES),
            ),
            (
                "groups",
                models.ManyToManyField(
                    verbose_name="groups",
                    blank=True,
                    help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                    related_name="user_set",
                    related_query_name="user",
                    to="auth.group",
                ),
            ),
            (
                "user_permissions",
                models.ManyToManyField(
                    verbose_name="user permissions",
                    blank=True,
                    help_text="Specific permissions for this user.",
                    related_name="user_set",
                    related_query_name="user",
                    to="auth.permission",
                ),
            ),
        ],
        options={"verbose_name": "user", "verbose_name_plural": "users", "abstract": False},
        managers=[("objects", UserManager())],
    ),
    migrations.CreateModel(
        "PlatformKey",
        [
            ("id", ID),
            ("name", models.CharField("name", max_length=100)),
            ("prefix", models.CharField("begins with", max_length=16, editable=False)),
            ("digest", models.CharField(max_length=64, unique=True, editable=False)),
            ("created_at", models.DateTimeField("created", auto_now_add=True)),
            (
                "last_used_at",
                models.DateTimeField("last used", blank=True, null=True, editable=False),
            ),
            ("rotate_after", models.DateTimeField("rotation due")),
            ("expires_at", models.DateTimeField("expires", blank=True, null=True)),
            ("revoked_at", models.DateTimeField("revoked", blank=True, null=True)),
        ],
        options={"verbose_name": "platform key", "verbose_name_plural": "platform keys"},
    ),
    migrations.CreateModel(
        "Tenant",
        [
            ("id", ID),
            ("slug", models.SlugField("identifier", max_length=64, unique=True)),
            ("name", models.CharField("name", max_length=200)),
            (
                "timezone",
                models.CharField(
                    "time zone",
                    max_length=64,
                    default="Europe/Moscow",
                    validators=[check_timezone],
                ),
            ),
            (
                "language",
                models.CharField("default language", max_length=2, default="ru", choices=LANGUAGES),
            ),
            (
                "brand",
                models.JSONField(
                    "brand",
                    blank=True,
                    default=dict,
                    help_text="Colour, logo, phone, site, footer.",
                ),
            ),
            (
                "limits",
                models.JSONField(
                    "limits",
                    blank=True,
                    default=dict,
                    help_text="Overrides of the platform's limits.",
                ),
            ),
            (
                "state",
                models.CharField(
                    "state",
                    max_length=10,
                    default="active",
                    choices=[
                        ("active", "Active"),
                        ("suspended", "Suspended"),
                        ("closed", "Closed"),
                    ],
                ),
            ),
            ("state_reason", models.CharField("reason", max_length=200, blank=True)),
            (
                "is_sandbox",
                models.BooleanField(
                    "demo",
                    default=False,
                    help_text="Everything goes to the Phone, nothing to providers.",
                ),
            ),
            ("config_version", models.BigIntegerField(default=1, editable=False)),
            ("created_at", models.DateTimeField("created", auto_now_add=True)),
            (
                "followed_letters",
                models.CharField(
                    "follow letters",
                    max_length=4,
                    default="mk",
                    choices=[
                        ("none", "No letters"),
                        ("mk", "Marketing letters"),
                        ("all", "All letters"),
                    ],
                    help_text="Notes that a letter was opened or a link in it followed.",
                ),
            ),
            (
                "unsubscribe_always",
                models.BooleanField(
                    "a way to unsubscribe in service letters too",
                    default=False,
                    help_text="Marketing letters always have it. It ends marketing, never reminders.",
                ),
            ),
            (
                "four_eyes",
                models.BooleanField(
                    "a second person's look",
                    default=False,
                    help_text="Texts and workflows are published by somebody who did not write them.",
                ),
            ),
        ],
        options={
            "verbose_name": "salon",
            "verbose_name_plural": "salons",
            "constraints": [
                models.CheckConstraint(
                    condition=models.Q(state__in=["active", "suspended", "closed"]),
                    name="tenant_state_known",
                )
            ],
        },
    ),
    migrations.CreateModel(
        "Location",
        [
            ("id", ID),
            ("name", models.CharField("name", max_length=200)),
            ("name_ru", models.CharField("name", max_length=200, null=True)),
            ("name_en", models.CharField("name", max_length=200, null=True)),
            ("address", models.CharField("address", max_length=300, blank=True)),
            ("address_ru", models.CharField("address", max_length=300, blank=True, null=True)),
            ("address_en", models.CharField("address", max_length=300, blank=True, null=True)),
            (
                "timezone",
                models.CharField(
                    "time zone",
                    max_length=64,
                    blank=True,
                    help_text="Empty: the salon's own.",
                    validators=[check_timezone],
                ),
            ),
            ("phone", models.CharField("phone", max_length=32, blank=True)),
            ("map_url", models.URLField("map link", blank=True)),
            ("hours", models.JSONField("opening hours", blank=True, default=dict)),
            ("identifier", models.SlugField("identifier", max_length=64, default="main")),
            ("is_default", models.BooleanField("main location", default=False)),
            ("tenant", TENANT),
        ],
        options={
            "verbose_name": "location",
            "verbose_name_plural": "locations",
            "constraints": [
                models.UniqueConstraint(fields=("tenant", "id"), name="location_tenant_id"),
                models.UniqueConstraint(
                    fields=("tenant", "identifier"), name="location_identifier"
                ),
                models.UniqueConstraint(
                    condition=models.Q(is_default=True),
                    fields=("tenant",),
                    name="location_one_default",
                ),
            ],
        },
    ),
    migrations.CreateModel(
        "Member",
        [
            ("id", ID),
            (
                "role",
                models.CharField(
                    "role",
                    max_length=12,
                    choices=[
                        ("owner", "Owner"),
                        ("marketer", "Marketer"),
                        ("receptionist", "Receptionist"),
                        ("analyst", "Analyst"),
                        ("developer", "Developer"),
                    ],
                ),
            ),
            (
                "user",
                models.ForeignKey(
                    settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
                ),
            ),
            ("tenant", TENANT),
        ],
        options={
            "verbose_name": "member",
            "verbose_name_plural": "members",
            "constraints": [models.UniqueConstraint(fields=("tenant", "user"), name="member_once")],
        },
    ),
    migrations.CreateModel(
        "ApiKey",
        [
            ("id", ID),
            ("name", models.CharField("name", max_length=100, blank=True)),
            ("prefix", models.CharField("begins with", max_length=16, editable=False)),
            ("digest", models.CharField(max_length=64, unique=True, editable=False)),
            ("mode", models.CharField("mode", max_length=4, default="live", choices=MODES)),
            (
                "scopes",
                models.JSONField(
                    "scopes", blank=True, default=list, help_text="Empty: everything in its mode."
                ),
            ),
            ("created_at", models.DateTimeField("created", auto_now_add=True)),
            (
                "last_used_at",
                models.DateTimeField("last used", blank=True, null=True, editable=False),
            ),
            ("rotate_after", models.DateTimeField("rotation due")),
            (
                "expires_at",
                models.DateTimeField(
                    "expires", blank=True, null=True, help_text="Empty: works until it is revoked."
                ),
            ),
            ("revoked_at", models.DateTimeField("revoked", blank=True, null=True)),
            ("tenant", TENANT),
            (
                "issued_by",
                models.ForeignKey(
                    settings.AUTH_USER_MODEL,
                    on_delete=models.SET_NULL,
                    null=True,
                    editable=False,
                    related_name="+",
                    verbose_name="made by",
                ),
            ),
        ],
        options={
            "verbose_name": "API key",
            "verbose_name_plural": "API keys",
            "indexes": [models.Index(fields=["tenant", "created_at"], name="apikey_tenant")],
        },
    ),
    migrations.CreateModel(
        "StoredResponse",
        [
            ("id", ID),
            ("key", models.CharField(max_length=255)),
            ("mode", models.CharField(max_length=4, choices=MODES)),
            ("body_digest", models.CharField(max_length=64)),
            ("status", models.PositiveSmallIntegerField()),
            ("body", models.TextField()),
            ("created_at", models.DateTimeField(auto_now_add=True)),
            ("tenant", TENANT),
        ],
        options={
            "verbose_name": "stored answer",
            "verbose_name_plural": "stored answers",
            "indexes": [models.Index(fields=["created_at"], name="storedresponse_age")],
            "constraints": [
                models.UniqueConstraint(fields=("tenant", "mode", "key"), name="storedresponse_key")
            ],
        },
    ),
]


class Migration(migrations.Migration):
    initial = True
    replaces = [
        ("tenants", "0001_initial"),
        ("tenants", "0007_address_window"),
        ("tenants", "0008_letters"),
        ("tenants", "0010_four_eyes"),
        ("tenants", "0013_key_issuer"),
    ]
    dependencies = [("auth", "0012_alter_user_first_name_max_length")]
    operations = [
        CreateTogether(MODELS),
        Protect("Tenant", column="id", verbs="select, insert, update", platform="select"),
        Protect("Location"),
        Protect("Member"),
        Protect("ApiKey"),
        Protect("StoredResponse"),
    ]
