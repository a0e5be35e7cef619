"""For the tests: servers without crash safety, nothing that waits."""

from crm import embedded
from crm.settings.base import *  # noqa: F403
from crm.settings.base import REDIS_SCHEMES, database, environment

HOME = embedded.Home.for_tests()
DATABASES = {"default": database(embedded.database_url(HOME))}
DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c regulars.may_empty=on"  # between two tests
REDIS_URL = environment.address("REDIS_URL", embedded.redis_url(HOME), REDIS_SCHEMES)
SECRET_KEY = "only-for-the-tests"  # noqa: S105
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
CELERY_BROKER_URL = "memory://"
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
MAIL_IS_SENT = True
PHONE_MAIL = "{number}@sms.example"
ERASURE_LOG = str(HOME.path / "erasures.ndjson")
STATIC_ROOT = HOME.path / "static"
MEDIA_ROOT = HOME.path / "media"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True  # no scan of all files at every start
