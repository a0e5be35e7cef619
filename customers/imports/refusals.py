"""Why a file is not imported at all. One sentence each, with the names that matter."""

from typing import ClassVar

from crm.lib.refusals import Refusal


class FileRefused(Refusal):
    """Nothing of the file was applied."""

    code: ClassVar[str] = "file_refused"


class UnknownColumns(FileRefused):
    code: ClassVar[str] = "unknown_columns"


class MissingColumns(FileRefused):
    code: ClassVar[str] = "missing_columns"


class UnreadableFile(FileRefused):
    code: ClassVar[str] = "unreadable_file"
