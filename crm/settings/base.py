"""What all environments share."""

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import dj_database_url
from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from crm import embedded
from crm.settings import environment, logs, mail

BASE_DIR = Path(__file__).resolve().parents[2]
HOME = embedded.Home.from_environment()
DEBUG = False

INSTALLED_APPS = [
    # Ours, from the ground up.
    "crm",
    "crm.org",
    "crm.audit",
    "crm.privacy",
    "crm.backups",
    "crm.jobs",
    "crm.rest",
    "crm.notices",
    "crm.ui",
    "crm.health",
    "crm.scaleout",
    "crm.demo",
    "customers",
    "loyalty",
    "segmentation",
    "analytics",
    # Django's and others'.
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "csp",
    "django_celery_beat",
    "django_filters",
    "django_htmx",
    "django_prometheus",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "crm.audit.middleware.OriginMiddleware",
    "crm.rest.middleware.ApiDoor",  # calls of the API leave here: what follows is for pages
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "crm.ui.middleware.ReaderMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "crm.urls"
API_URLCONF = "crm.api"  # what stands there below /api/v1/
WSGI_APPLICATION = "crm.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
        },
    }
]

# --- Data -----------------------------------------------------------------------------------------------------------

DATABASE_SCHEMES = ("postgres", "postgresql")
REDIS_SCHEMES = ("redis", "rediss", "unix")


def database(url: str) -> dict[str, Any]:
    """Django's settings for one PostgreSQL address."""
    settings: dict[str, Any] = {**dj_database_url.parse(url, conn_max_age=0)}
    options: dict[str, Any] = settings.setdefault("OPTIONS", {})
    # Statements of our own cursors are prepared after five uses; a transaction pooler in between must turn it off.
    options["prepare_threshold"] = 5 if environment.flag("DATABASE_PREPARED", True) else None
    if environment.flag("DATABASE_POOL", False):
        # The pool needs CONN_MAX_AGE=0. Only the web uses it: workers fork, and a pool must not be shared over a fork.
        size = environment.number("DATABASE_POOL_SIZE", 8, least=1)
        options["pool"] = {"min_size": 1, "max_size": size, "timeout": 5}
        settings["CONN_HEALTH_CHECKS"] = (
            True  # after a restart of the database no request meets a dead connection
        )
    return settings | {"DISABLE_SERVER_SIDE_CURSORS": not environment.flag("DATABASE_PREPARED", True)}


def broker(url: str) -> str:
    """Celery's spelling of a Redis address: it writes sockets in its own way."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    number = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{unquote(parts.path)}?virtual_host={number}"


DATABASE_URL = environment.address("DATABASE_URL", embedded.database_url(HOME), DATABASE_SCHEMES)
REDIS_URL = environment.address("REDIS_URL", embedded.redis_url(HOME), REDIS_SCHEMES)
DATABASES = {"default": database(DATABASE_URL)}
# Whom web, worker and beat speak as, where they are not the owner (crm/lib/approle.py).
DATABASE_APP_ROLE = environment.text("DATABASE_APP_ROLE") or embedded.APPLICATION
DATABASE_APP_PASSWORD = environment.text("DATABASE_APP_PASSWORD")
CACHES: dict[str, Any] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "regulars",
        "TIMEOUT": 300,
    }
}
SESSION_ENGINE = (
    "django.contrib.sessions.backends.cached_db"  # Valkey may be emptied; nobody is signed out by that
)
# Notices name customers ("… is a member now."): they wait in the browser, and what is too much for its cookie goes.
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
SESSION_COOKIE_AGE = environment.number("SESSION_HOURS", 12, least=1) * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True  # pages send the token from the form or a meta tag
CSRF_COOKIE_SAMESITE = "Lax"

# --- Tasks: the doorbell (the record is in PostgreSQL) --------------------------------------------------------------

CELERY_BROKER_URL = broker(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = 55 * 60
CELERY_TASK_TIME_LIMIT = 60 * 60
# More than twice the time limit: a message that is being worked on must not be delivered a second time.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 2 * 60 * 60 + 600, "global_keyprefix": "regulars:"}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_WORKER_CONCURRENCY = environment.number("WORKER_PROCESSES", 2, least=1)
# Jobs take up to an hour; what the clock asks (following changes, sending codes) takes moments and must not wait for
# them. A worker takes both unless it is told `--queues celery`, as the one called ticks is.
CELERY_TASK_QUEUES: dict[str, dict[str, str]] = {"celery": {}, "jobs": {}}
CELERY_TASK_ROUTES = {"jobs.run": {"queue": "jobs"}}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
DJANGO_CELERY_BEAT_TZ_AWARE = True

# How long a silent worker keeps its job, and how often somebody looks for jobs that are due (seconds).
JOB_LEASE_SECONDS = environment.number("JOB_LEASE_SECONDS", 30, least=2)
JOB_RELAY_SECONDS = environment.number("JOB_RELAY_SECONDS", 10, least=1)

# --- Languages, time, numbers ---------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", _("English")),
    ("zh-hans", _("Simplified Chinese")),
    ("zh-hant", _("Traditional Chinese")),
]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
USE_THOUSAND_SEPARATOR = True
FORMAT_MODULE_PATH = ["crm.formats"]  # Django's Chinese formats group by four digits and print no separator

# --- Files ----------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = environment.text("STATIC_ROOT") or HOME.path / "static"
# Only what is served: the sources beside it name packages that no browser can load.
STATICFILES_DIRS = [("dist", BASE_DIR / "static/dist"), ("img", BASE_DIR / "static/img")]
# Uploads: read through views that check permissions, never served by address.
MEDIA_ROOT = HOME.path / "media"
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "crm.ui.uploads.BoundedUploads",
]
UPLOAD_MOST_MB = environment.number("UPLOAD_MOST_MB", 10_240, least=1)
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
# Days that import files are kept: uploads after their import is done, those of imports that stopped (they may be
# resumed), the rows that were rejected.
# What strangers did on the web, what customers looked at there, orders that could not be read: days that they are kept.
ANONYMOUS_EVENTS_DAYS = environment.number("ANONYMOUS_EVENTS_DAYS", 90, least=1)
WEB_EVENTS_DAYS = environment.number("WEB_EVENTS_DAYS", 400, least=1)
ORDERS_ASIDE_DAYS = environment.number("ORDERS_ASIDE_DAYS", 30, least=1)
IMPORT_UPLOAD_DAYS = environment.number("IMPORT_UPLOAD_DAYS", 14, least=1)
IMPORT_STOPPED_DAYS = environment.number("IMPORT_STOPPED_DAYS", 90, least=1)
IMPORT_UNDO_DAYS = environment.number("IMPORT_UNDO_DAYS", 30, least=1)
IMPORT_REJECTED_DAYS = environment.number("IMPORT_REJECTED_DAYS", 90, least=1)
# Who was erased, without saying who they were: a restore does it again. Belongs beside the backups, apart from the
# database (docs/operations.md).
ERASURE_LOG = environment.text("ERASURE_LOG") or str(HOME.path / "erasures.ndjson")
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024  # a batch of 10,000 receipts
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# --- Signing in -----------------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # first: it refuses locked names before a password is looked at
    "crm.ui.staff.StaffBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_ADAPTER = "crm.accounts.StaffAccounts"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {"login_failed": False, "login": False}  # axes keeps the lockout, in the database
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Regulars"

AXES_FAILURE_LIMIT = environment.number("LOGIN_FAILURES", 5, least=1)
AXES_COOLOFF_TIME = timedelta(minutes=environment.number("LOGIN_LOCK_MINUTES", 15, least=1))
# One till address is shared by many: a name is locked at an address, an address alone is not.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_CALLABLE = "crm.accounts.name_tried"
AXES_RESET_ON_SUCCESS = True
AXES_HTTP_RESPONSE_CODE = 429
AXES_LOCKOUT_TEMPLATE = "account/lockout.html"
AXES_VERBOSE = False
AXES_DISABLE_ACCESS_LOG = True
AXES_IPWARE_PROXY_COUNT = environment.number("PROXY_COUNT", 0, most=10) or None
AXES_IPWARE_META_PRECEDENCE_ORDER = (
    ["HTTP_X_FORWARDED_FOR", "REMOTE_ADDR"] if AXES_IPWARE_PROXY_COUNT else ["REMOTE_ADDR"]
)

# --- Mail: one-time codes of customers, so far -----------------------------------------------------------------------

# Without an address nothing is sent, and customers cannot sign in to their pages (a developer's machine prints mails).
EMAIL_URL = environment.address("EMAIL_URL", "", ("", *mail.SCHEMES))
globals().update(mail.settings(EMAIL_URL))
PHONE_MAIL = mail.phone_gateway(environment.text("PHONE_MAIL"))
DEFAULT_FROM_EMAIL = environment.text("EMAIL_FROM", "regulars@localhost")

# --- The audit trail ------------------------------------------------------------------------------------------------

# What rows and seals are signed with; without it, what is derived from SECRET_KEY. Earlier ones prove what they signed.
AUDIT_KEY = environment.text("AUDIT_KEY")
AUDIT_KEYS_OLD = [one.strip() for one in environment.text("AUDIT_KEYS_OLD").split(",") if one.strip()]
AUDIT_SEAL_SECONDS = environment.number("AUDIT_SEAL_SECONDS", 60, least=5)

# --- What a browser may do ------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS: list[str] = []

# --- REST -----------------------------------------------------------------------------------------------------------

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Regulars",
    "DESCRIPTION": "The CRM for retail chains: receipts in, customers and segments out.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "APPEND_COMPONENTS": {
        "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "A key: `rgl_…`"}}
    },
    "POSTPROCESSING_HOOKS": [],  # shapes come from the declarations, enumerations included
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

API_CALLS_PER_MINUTE = environment.number(
    "API_CALLS_PER_MINUTE", 12_000, least=1
)  # a key; a key may have its own

# --- What we tell about ourselves -----------------------------------------------------------------------------------

LOGGING = logs.configuration(
    level=environment.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
    as_json=environment.flag("LOG_JSON", False),
)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_CELERY_DEFAULT_LOG_LEVEL = logging.DEBUG
METRICS_TOKEN = environment.text("METRICS_TOKEN")
PROMETHEUS_EXPORT_MIGRATIONS = False
REFUSES_DEMO_SIGN_INS = False
DEMO_PASSWORD = "regulars"  # noqa: S105  public on purpose; production refuses to start where it opens a door
