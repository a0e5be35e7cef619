"""Reading the environment. A value that makes no sense stops the start and names its variable."""

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

_environment = environ.Env()
Value = TypeVar("Value", int, float)


def text(name: str, default: str = "") -> str:
    return _environment.str(name, default=default).strip()


def required(name: str, why: str) -> str:
    """A variable that must be there."""
    value = text(name)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set: {why}")
    return value


def flag(name: str, default: bool) -> bool:
    """1/0, true/false, yes/no, on/off. Anything else is refused: "DEBUG=flase" must not mean yes or no."""
    value = text(name)
    if not value:
        return default
    if value.lower() in ("1", "true", "yes", "on"):
        return True
    if value.lower() in ("0", "false", "no", "off"):
        return False
    raise ImproperlyConfigured(f"{name}={value!r} must be one of 1, 0, true, false, yes, no, on, off")


def number(name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
    value = _read(name, default, lambda: _environment.int(name, default=default))
    if value < least or (most is not None and value > most):
        raise ImproperlyConfigured(
            f"{name}={value} must be between {least} and {most if most is not None else '∞'}"
        )
    return value


def fraction(name: str, default: float) -> float:
    value = _read(name, default, lambda: _environment.float(name, default=default))
    if not 0 <= value <= 1:
        raise ImproperlyConfigured(f"{name}={value} must be between 0 and 1")
    return value


def names(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """A list separated by commas."""
    return [item.strip() for item in text(name, ",".join(default)).split(",") if item.strip()]


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name}={value!r} must be one of {', '.join(allowed)}")
    return value


def address(name: str, default: str, schemes: tuple[str, ...]) -> str:
    """A URL of one of these schemes. The refusal does not repeat the value: it may hold a password."""
    value = text(name, default)
    try:
        scheme, port = urlsplit(value).scheme, urlsplit(value).port
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not a usable address: {error}") from None
    if scheme not in schemes or port == 0:
        raise ImproperlyConfigured(f"{name} must start with {' or '.join(f'{item}://' for item in schemes)}")
    return value


def _read(name: str, default: Value, cast: Callable[[], Value]) -> Value:
    if not text(name):
        return default
    try:
        return cast()
    except ValueError:
        raise ImproperlyConfigured(f"{name}={text(name)!r} is not a number") from None
