"""Every setting of Kolokol, read once from the environment (the table stands in README)."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
from django.utils.translation import gettext_lazy as _

from config.environment import database, env, redis, required, whole

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Secrets and addresses -------------------------------------------------------------------
SECRET_KEY = required("SECRET_KEY", "it signs sessions and links; give 50 random characters")
ENCRYPTION_KEYS: list[str] = [
    key.strip()
    for key in required(
        "ENCRYPTION_KEYS", "it encrypts providers' credentials; run 'manage.py doctor --new-key'"
    ).split(",")
]
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
PUBLIC_URL = str(env.str("PUBLIC_URL", default="http://127.0.0.1:8000")).rstrip("/")
# Where workers reach the Phone: the same site unless the public name is not reachable from inside.
PHONE_URL = str(env.str("PHONE_URL", default=PUBLIC_URL)).rstrip("/")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
METRICS_TOKEN = str(env.str("METRICS_TOKEN", default=""))
TRUSTED_PROXIES: list[str] = env.list("TRUSTED_PROXIES", default=[])
# Hosts or networks that tenants' own URLs may reach although they are private.
ALLOWED_PRIVATE_TARGETS: list[str] = env.list("ALLOWED_PRIVATE_TARGETS", default=[])
# Certificates of the Russian Trusted CA, by which MAX is known; certifi has none of them.
MAX_CA_BUNDLE = str(env.str("MAX_CA_BUNDLE", default=""))
# Who is asked about senders' domains: "ip" or "ip:port"; empty: the machine's own resolver.
DNS_SERVERS: list[str] = env.list("DNS_SERVERS", default=[])
DEBUG = False

# --- Database and Redis ----------------------------------------------------------------------
DATABASE_URL = required("DATABASE_URL", "start with 'make up', or name PostgreSQL's app role")
DATABASE_OWNER_URL = str(env.str("DATABASE_OWNER_URL", default=""))
REDIS_URL = redis(
    "REDIS_URL", required("REDIS_URL", "start with 'make up', or name a Redis server")
)


def _database(name: str, url: str) -> dict[str, Any]:
    config = database(name, url)
    # Without a threshold psycopg prepares nothing, whatever tenants.rows asks for; the number is
    # for statements that do not ask.
    options = {**config.get("OPTIONS", {}), "prepare_threshold": 1000}
    kept = {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True, "ATOMIC_REQUESTS": True}
    return {**config, **kept, "OPTIONS": options}


DATABASES = {"default": _database("DATABASE_URL", DATABASE_URL)}
if DATABASE_OWNER_URL:
    database("DATABASE_OWNER_URL", DATABASE_OWNER_URL)
_app_role = str(DATABASES["default"]["USER"])
# Row-level security has one policy per role (docs/why/tenancy.md). The last three cannot log in:
# the app role takes them on for one transaction.
DATABASE_ROLES = {
    "owner": urlsplit(DATABASE_OWNER_URL).username or f"{_app_role}_owner",
    "app": _app_role,
    "worker": f"{_app_role}_worker",
    "platform": f"{_app_role}_platform",
    "support": f"{_app_role}_support",
}

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "kolokol",
    }
}

# --- Queues ----------------------------------------------------------------------------------
QUEUES = ("urgent", "high", "normal", "low")
_serializer = "rq.serializers.JSONSerializer"  # pickle would run the code of whoever writes Redis
RQ_QUEUES = {
    name: {"URL": REDIS_URL, "DEFAULT_TIMEOUT": 120, "SERIALIZER": _serializer} for name in QUEUES
}
RQ = {"WORKER_CLASS": "notifications.worker.DrainWorker", "COMMIT_MODE": "on_db_commit"}
RQ_SHOW_ADMIN_LINK = False

# --- Applications ----------------------------------------------------------------------------
INSTALLED_APPS = [
    "modeltranslation",
    "config.admin_site.LookConfig",  # unfold
    "unfold.contrib.forms",
    "django.contrib.admin.apps.SimpleAdminConfig",  # config.urls discovers; workers need no pages
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_rq",
    "django_prometheus",
    "django_ratelimit",
    "tenants",
    "channels",
    "notifications",
    "campaigns",
    "config",
]
# django-ratelimit does not know Django's own Redis cache yet, but works with it (facts: stack 1.6).
SILENCED_SYSTEM_CHECKS = ["django_ratelimit.W001"]

MIDDLEWARE = [
    "config.api.ApiMiddleware",  # answers /v1 by its own short chain, and counts it
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "tenants.middleware.MemberScope",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- People ----------------------------------------------------------------------------------
AUTH_USER_MODEL = "tenants.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"

# --- Languages and time ----------------------------------------------------------------------
LANGUAGE_CODE = "ru"
LANGUAGES = [("ru", _("Russian")), ("en", _("English"))]
MODELTRANSLATION_DEFAULT_LANGUAGE = "ru"
MODELTRANSLATION_FALLBACK_LANGUAGES = ("ru", "en")
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]
FORMAT_MODULE_PATH = "config.formats"
USE_TZ = True
TIME_ZONE = "UTC"

# --- Files -----------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

# --- API -------------------------------------------------------------------------------------
DATA_UPLOAD_MAX_MEMORY_SIZE = 512 * 1024  # the wire contract's limit of a body
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["tenants.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["tenants.api.authentication.HasKey"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.wire.JsonParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "config.wire.QuickNegotiation",
    "EXCEPTION_HANDLER": "config.wire.handle_exception",
    "DEFAULT_SCHEMA_CLASS": "config.schema.ApiSchema",
    "UNAUTHENTICATED_USER": None,
    "COMPACT_JSON": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Kolokol",
    "DESCRIPTION": "Notifications for salons: trigger, follow, explain.",
    "VERSION": "1.0.0",
    "SERVE_PUBLIC": True,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/v[12]/",
}

# --- E-mail, logs ----------------------------------------------------------------------------
globals().update(env.email_url("EMAIL_URL", default="consolemail://"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logs.formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "channels.calls": {
            "level": env.str("CALL_LOG_LEVEL", default=env.str("LOG_LEVEL", default="INFO"))
        },
        "urllib3": {"level": "WARNING"},  # it tells paths, and some providers' hold tokens
        "rq": {"level": "WARNING"},
        "rq.worker": {"level": "WARNING"},
        "rq_scheduler": {"level": "WARNING"},
    },
}

# --- Limits (defaults; a tenant's own stand in Tenant.limits) ---------------------------------
LEASE_S = whole("LEASE_S", 60, least=8)  # nothing starts in its last 5 s: 6 would send nothing
SENDING_SLOTS = whole("SENDING_SLOTS", 400)  # requests in flight per worker
DRAIN_S = whole("DRAIN_S", 30)
RETENTION_DAYS = whole("RETENTION_DAYS", 90)

# --- Workflows written in Python (notifications.define) ----------------------------------------
WORKFLOW_MODULES: list[str] = env.list("WORKFLOW_MODULES", default=[])

# --- The admin's look ------------------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": "Kolokol",
    "SITE_HEADER": "Kolokol",
    "SITE_SYMBOL": "notifications",
    "SITE_SUBHEADER": "tenants.admin_salon.current_salon",
    "SITE_DROPDOWN": "tenants.admin_salon.switcher",
    "SITE_URL": None,
    "LOGIN": {"form": "tenants.login.LoginForm"},
    "ENVIRONMENT": "config.menu.environment",
    "STYLES": ["config.menu.style"],
    "SHOW_HISTORY": True,
    "SHOW_LANGUAGES": True,
    "BORDER_RADIUS": "8px",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": "/static/kolokol/favicon.svg"}
    ],
    "SIDEBAR": {"show_search": False, "navigation": "config.menu.navigation"},
}
