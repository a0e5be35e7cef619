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


class OneReceipt(FileRefused):
    """All rows would be one receipt: the column of its number holds something else."""

    code: ClassVar[str] = "one_receipt"


class TooManyBroken(FileRefused):
    """Hardly a row of the file is one."""

    code: ClassVar[str] = "too_many_broken"


class FileGone(FileRefused):
    """The file was removed when its time was over, or whoever named it took it away."""

    code: ClassVar[str] = "file_gone"
    status: ClassVar[int] = 410


class TooManyCodes(FileRefused):
    """More different sources, stores or products than a chain has: the column holds something else."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.code = f"too_many_{kind}"  # type: ignore[misc]
