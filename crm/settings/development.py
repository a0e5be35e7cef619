"""One machine, one command: what `make run` uses. Reachable from this machine only."""

from crm.settings.base import *  # noqa: F403
from crm.settings.base import EMAIL_URL, HOME, PHONE_MAIL, environment, mail

DEBUG = environment.flag("DEBUG", False)
SECRET_KEY = environment.text("SECRET_KEY") or HOME.secret_key()
ALLOWED_HOSTS = [*environment.names("ALLOWED_HOSTS"), "localhost", "127.0.0.1", "[::1]", ".localhost"]
CSRF_TRUSTED_ORIGINS = environment.names("CSRF_TRUSTED_ORIGINS")
if not EMAIL_URL:  # what would be sent stands on the console, text messages too
    globals().update(mail.settings("console://"))
    PHONE_MAIL = PHONE_MAIL or "{number}@phone.invalid"
# Straight from the folders: no collectstatic, and a rebuilt bundle shows at the next load.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
