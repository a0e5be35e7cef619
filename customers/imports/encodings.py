"""The encoding of a text file: UTF-8 (with or without mark), UTF-16 with a mark, else GB18030, which GBK and GB 2312
are part of."""

import codecs
from pathlib import Path

from django.utils.translation import gettext as _

from customers.imports.refusals import UnreadableFile

PIECE = 8 << 20


def of_head(head: bytes, path: Path, *, is_whole: bool) -> str:
    """What the first bytes look like. Raises UnreadableFile."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\x00" in head:
        raise UnreadableFile(
            _("“%(name)s” is no text file; CSV, Excel (.xlsx), NDJSON and Parquet can be read.")
            % {"name": path.name}
        )
    for encoding in ("utf-8", "gb18030"):
        try:
            head.decode(encoding)
        except UnicodeDecodeError as error:
            if error.start > len(head) - 8 and not is_whole:  # the sample ends inside a letter
                return encoding
        else:
            return encoding
    raise unknown(path)


def of_whole(path: Path) -> str:
    """The encoding of a file that begins like UTF-8. Raises UnreadableFile.

    The first Chinese letter may stand far behind: what was plain ASCII till then may still be GB18030. What has had
    letters of UTF-8 is not read as anything else: that would turn names into nonsense without a word.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_ascii = True
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            try:
                decoder.decode(piece)
            except UnicodeDecodeError as error:
                if is_ascii and piece[: error.start].isascii():
                    return "gb18030"
                raise unknown(path) from error
            is_ascii = is_ascii and piece.isascii()
    return "utf-8"


def unknown(path: Path) -> UnreadableFile:
    return UnreadableFile(
        _("The encoding of “%(name)s” is neither UTF-8 nor GB18030 (GBK); save it as UTF-8.")
        % {"name": path.name}
    )
