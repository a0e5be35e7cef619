"""What `check --deploy` looks at, and what keeps production from starting: the demo's public password."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections
from django.db.utils import DatabaseError

DEMO_NAMES = ("clerk", "agent", "manager", "regional", "marketer", "analyst", "admin")


def demo_sign_ins() -> list[str]:
    """The names among the demo's that its public password still opens."""
    users = get_user_model().objects.filter(username__in=DEMO_NAMES, is_active=True)
    return sorted(
        user.get_username() for user in users if check_password(settings.DEMO_PASSWORD, user.password)
    )


@register(Tags.security, Tags.database, deploy=True)
def no_demo_sign_ins(app_configs: Any, databases: Any = None, **_kwargs: Any) -> list[CheckMessage]:
    """Runs where a database is named: `check --deploy --database default`, `migrate`, and the web's start."""
    if not databases:
        return []
    try:
        names = demo_sign_ins()
    except DatabaseError:  # an empty or unreachable database has no sign-ins
        connections["default"].close()
        return []
    if not names:
        return []
    return [
        Error(
            f"The demo's public password opens these accounts: {', '.join(names)}.",
            hint="Production starts only on a database without demo data.",
            id="regulars.E001",
        )
    ]
