"""What comes in as a file: written to the state folder's disk, not to memory, and only for people who are signed in.

Forms are read before a view is asked whether it wants them, so the bounds stand here: strangers are cut off, a file
that is too large for us or for the disk is read past, and the form says why it is missing (`refusal_of`).
"""

import errno
import shutil
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import (
    FileUploadHandler,
    SkipFile,
    StopUpload,
    TemporaryFileUploadHandler,
)
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

SPARE = 512 << 20  # bytes that an upload leaves free


class BoundedUploads(TemporaryFileUploadHandler):
    """Django's upload handler that writes files; see above."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        user = getattr(self.request, "user", None)
        if user is None or not user.is_authenticated:
            raise StopUpload(connection_reset=True)
        announced = int(self.request.META.get("CONTENT_LENGTH") or 0)  # type: ignore[union-attr]
        if announced > largest():
            self._refuse(too_large())
        if announced + SPARE > shutil.disk_usage(incoming()).free:
            self._refuse(_no_room())
        FileUploadHandler.new_file(self, *args, **kwargs)
        self.file = _Incoming(
            self.file_name or "", self.content_type, 0, self.charset, self.content_type_extra
        )

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        try:
            super().receive_data_chunk(raw_data, start)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            self.upload_interrupted()
            self._refuse(_no_room())

    def _refuse(self, why: str) -> None:
        self.request.upload_refusal = why  # type: ignore[union-attr]
        raise SkipFile


class _Incoming(TemporaryUploadedFile):
    """Django's own would lie in the system's temporary folder, which may be in memory and on another disk."""

    def __init__(self, name: str, *described: Any) -> None:
        file = tempfile.NamedTemporaryFile(dir=incoming())  # noqa: SIM115  closed with the request
        UploadedFile.__init__(self, file, name, *described)


def incoming() -> Path:
    """Where files lie while they come in: on the disk where they are kept, so that they are moved and not copied."""
    folder = Path(settings.HOME.path) / "incoming"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def refusal_of(request: HttpRequest) -> str:
    """Why a file of this request was not taken, or ""."""
    request.FILES  # noqa: B018  reads the form
    return str(getattr(request, "upload_refusal", ""))


def largest() -> int:
    """Bytes of the largest file that comes in through a page."""
    return int(settings.UPLOAD_MOST_MB) << 20


def too_large() -> str:
    return _("A file may have %(most)s here. Larger ones are imported from the server's command line.") % {
        "most": filesizeformat(largest())
    }


def _no_room() -> str:
    return _("There is not enough room on the server's disk for this file. Nothing of it was kept.")
