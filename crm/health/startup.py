"""What must hold before the web serves anybody."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.utils import ProgrammingError

from crm.health.checks import demo_sign_ins


def refuse_demo_sign_ins() -> None:
    """End the start where the demo's public password opens a door. A database that does not answer ends it too."""
    if not settings.REFUSES_DEMO_SIGN_INS:
        return
    try:
        names = demo_sign_ins()
    except ProgrammingError:  # not migrated yet: nobody can sign in
        names = []
    if names:
        raise ImproperlyConfigured(
            f"The demo's public password opens these accounts: {', '.join(names)}. "
            "Production starts only on a database without demo data."
        )
