"""For a server on the network. Refuses to start with what is unsafe, and names the variable."""

from django.core.exceptions import ImproperlyConfigured

from crm.settings.base import *  # noqa: F403
from crm.settings.base import DATABASE_SCHEMES, REDIS_SCHEMES, broker, database, environment, logs

SHORTEST_SECRET = 50
FEWEST_DIFFERENT_CHARACTERS = 10

if environment.flag("DEBUG", False):
    raise ImproperlyConfigured("DEBUG=1 is refused in production: error pages would show data and settings.")

SECRET_KEY = environment.required(
    "SECRET_KEY", "sessions and tokens are signed with it. Make one with `make secret`."
)
if (
    len(SECRET_KEY) < SHORTEST_SECRET
    or len(set(SECRET_KEY)) < FEWEST_DIFFERENT_CHARACTERS
    or SECRET_KEY.startswith("django-insecure-")
):
    raise ImproperlyConfigured(
        f"SECRET_KEY is weak: take at least {SHORTEST_SECRET} random characters. Make one with `make secret`."
    )
SECRET_KEY_FALLBACKS = environment.names("SECRET_KEY_FALLBACKS")

ALLOWED_HOSTS = environment.names("ALLOWED_HOSTS")
if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must list the names of this site (comma-separated, without *).")
CSRF_TRUSTED_ORIGINS = environment.names("CSRF_TRUSTED_ORIGINS")
if any(not origin.startswith("https://") for origin in CSRF_TRUSTED_ORIGINS):
    raise ImproperlyConfigured("CSRF_TRUSTED_ORIGINS must list https:// addresses.")

environment.required("DATABASE_URL", "production runs on a PostgreSQL of its own.")
environment.required("REDIS_URL", "production runs on a Valkey or Redis of its own.")
DATABASES = {"default": database(environment.address("DATABASE_URL", "", DATABASE_SCHEMES))}
CELERY_BROKER_URL = broker(environment.address("REDIS_URL", "", REDIS_SCHEMES))

REFUSES_DEMO_SIGN_INS = True

# Behind a proxy that ends TLS; HTTPS=0 only for a closed network.
IS_HTTPS = environment.flag("HTTPS", True)
SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]  # asked by the machine itself, without TLS
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if environment.flag("TRUST_PROXY", False) else None
)
SECURE_HSTS_SECONDS = environment.number("HSTS_SECONDS", 31_536_000) if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
SECURE_HSTS_PRELOAD = IS_HTTPS
SESSION_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_SECURE = IS_HTTPS

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
LOGGING = logs.configuration(
    level=environment.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
    as_json=environment.flag("LOG_JSON", True),
)
