"""The key that belongs to a backup, and is not in it.

With SECRET_KEY one could sign links, open sessions and find out by trying whom the digests of erased people mean; so it
is kept apart, and a restore is given it: where the settings have another one, as a file.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.utils.crypto import salted_hmac

from crm.backups.manifest import Manifest
from crm.lib.refusals import Refusal


class WrongKey(Refusal):
    code = "wrong_key"
    status = 409


def mark(secret: str) -> str:
    """By which one sees that two keys are the same, without a way back to the key."""
    return salted_hmac("crm.backups", "mark", secret=secret, algorithm="sha256").hexdigest()[:16]


def of(known: Manifest, file: Path | None, *, is_lost: bool) -> str:
    """The SECRET_KEY with which this backup is restored. Raises WrongKey unless it is the backup's or `is_lost`."""
    if file is not None:
        try:
            secret = file.read_text().strip()
        except (OSError, UnicodeDecodeError):
            raise WrongKey(f"{file} cannot be read.") from None
        if mark(secret) != known.secret:
            raise WrongKey(f"{file} is not the key of this backup.")
        return secret
    if mark(settings.SECRET_KEY) != known.secret and not is_lost:
        raise WrongKey(
            "SECRET_KEY is not that of this backup. Give the backup's with --key FILE (or in the environment), or say "
            "--key-is-lost: then links that were sent, second factors and old certificates do not work any more."
        )
    return str(settings.SECRET_KEY)


def can_be_kept(secret: str) -> bool:
    """Whether the installation will have this key from now on: it has it, or keeps its own in its folder."""
    return secret == settings.SECRET_KEY or kept_in() is not None


def kept_in() -> Path | None:
    """The file in which this installation keeps its key; None when it has the key from elsewhere."""
    keeper = _keeper()
    return keeper if keeper.exists() and keeper.read_text() == settings.SECRET_KEY else None


def keep(secret: str) -> None:
    """Make it the key of this installation."""
    if secret != settings.SECRET_KEY:
        _keeper().write_text(secret)
        _keeper().chmod(0o600)


@contextmanager
def used(secret: str) -> Iterator[None]:
    """It is our key for a while: what is signed and digested meanwhile is the restored installation's."""
    before = settings.SECRET_KEY
    settings.SECRET_KEY = secret
    try:
        yield
    finally:
        settings.SECRET_KEY = before


def _keeper() -> Path:
    return Path(settings.HOME.path) / "secret_key"
