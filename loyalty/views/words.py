"""Names of the staff behind acts."""

from collections.abc import Iterable

from crm.org.models import Staff


def people_of(actors: Iterable[str]) -> dict[str, str]:
    """Name by actor ("staff:12"); one statement. Systems are not in it."""
    ids = {int(name.partition(":")[2]) for name in actors if name.startswith("staff:")}
    return {f"staff:{pk}": name for pk, name in Staff.objects.filter(pk__in=ids).values_list("pk", "name")}
