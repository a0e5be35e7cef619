"""Rows sorted into parts on disk, so that all rows of one receipt meet, wherever they stood in the file.

A part is small enough for memory and is applied as one slice. Files of a read that was killed are thrown away: the
parts count only after the checkpoint says that they are whole.
"""

import json
import shutil
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext_lazy as _

from customers.imports.refusals import OneReceipt

PART_ROWS = 120_000
MOST_PARTS = 800  # open files; 96 million rows in parts of the usual size, more of them in larger ones
# Rows of a part are in memory together, and a part is never smaller than a receipt.
MOST_OF_ONE_PART = 6 * PART_ROWS


class Spill:
    def __init__(self, folder: Path, schema: pa.Schema, parts: int) -> None:
        self.folder = folder
        self.schema = schema
        self.parts = parts
        self.rows = np.zeros(parts, dtype=np.int64)

    @classmethod
    def begin(cls, folder: Path, schema: pa.Schema, estimate: int) -> "Spill":
        """An empty spill for about `estimate` rows."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
        spill = cls(folder, schema, min(MOST_PARTS, estimate // PART_ROWS + 1))
        spill._writers = [
            pa.ipc.new_stream(pa.OSFile(str(spill._file(part)), "wb"), schema) for part in range(spill.parts)
        ]
        return spill

    def write(self, table: pa.Table, part_of: Any) -> None:
        """Append rows; `part_of` says where each goes."""
        self.rows += np.bincount(part_of, minlength=self.parts)
        if self.rows.max() > MOST_OF_ONE_PART:
            raise OneReceipt(
                _(
                    "Hundreds of thousands of rows have the same external_id. It must be the number of the receipt."
                )
            )
        order = np.argsort(part_of, kind="stable")
        ends = np.searchsorted(part_of[order], np.arange(self.parts), side="right")
        ordered = table.take(pa.array(order)).combine_chunks()
        start = 0
        for part, end in enumerate(ends.tolist()):
            if end > start:
                self._writers[part].write_table(ordered.slice(start, end - start))
            start = end

    def end(self, codes: dict[str, list[str]]) -> None:
        for writer in self._writers:
            writer.close()
        (self.folder / "codes.json").write_text(json.dumps(codes))

    def codes(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = json.loads((self.folder / "codes.json").read_text())
        return found

    def read(self, part: int) -> pa.Table:
        with pa.memory_map(str(self._file(part))) as source, pa.ipc.open_stream(source) as reader:
            return reader.read_all().combine_chunks()

    def _file(self, part: int) -> Path:
        return self.folder / f"{part:04}.arrow"

    _writers: list[Any]


def parts_of(source: Any, external_id: Any, parts: int) -> Any:
    """The part of each (source, external id)."""
    encoded = external_id.combine_chunks().dictionary_encode() if isinstance(external_id, pa.ChunkedArray) else (
        external_id.dictionary_encode()
    )  # fmt: skip
    sums = np.array([crc32(text.encode()) for text in encoded.dictionary.to_pylist()] or [0], dtype=np.int64)
    return (sums[encoded.indices.to_numpy()] + source.astype(np.int64) * 7919) % parts


def column(table: pa.Table, name: str) -> Any:
    """A column as numpy (numbers) or as one Arrow array (text)."""
    array = table.column(name)
    whole = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], array.type)
    return whole if pa.types.is_string(whole.type) else whole.to_numpy(zero_copy_only=False)


def choose(mask: Any, yes: Any, no: Any) -> Any:
    return pc.if_else(pa.array(mask), yes, no)
