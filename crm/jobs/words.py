"""What people call jobs, steps and counts. Apps name theirs; an unknown one is shown as it is written."""

from typing import Any

_names: dict[str, Any] = {}


def name(names: dict[str, Any]) -> None:
    """Give words to kinds of jobs, steps and counts; called from `AppConfig.ready()`."""
    _names.update(names)


def of(code: str) -> Any:
    return _names.get(code) or code.replace("_", " ").replace("-", " ").capitalize()
