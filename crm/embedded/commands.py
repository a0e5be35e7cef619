"""Which commands of manage.py work without a database."""

from collections.abc import Sequence

WITHOUT_SERVERS = frozenset(
    {
        "collectstatic",
        "compilemessages",
        "diffsettings",
        "findstatic",
        "help",
        "makemessages",
        "spectacular",
        "startapp",
        "version",
    }
)
# Django itself stays away from the database in these, unless the option names one.
ONLY_WITH_OPTION = {"check": "--database"}


def is_needed_by(arguments: Sequence[str]) -> bool:
    """Whether `manage.py ARGUMENTS` talks to the servers."""
    if not arguments or arguments[0].startswith("-") or arguments[0] in WITHOUT_SERVERS:
        return False
    if {"-h", "--help"} & set(arguments[1:]):
        return False
    option = ONLY_WITH_OPTION.get(arguments[0])
    return option is None or any(argument.startswith(option) for argument in arguments)
