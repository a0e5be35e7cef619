"""QR codes as SVG and PNG. The package gives the squares; both pictures are a few lines."""

import struct
import zlib

import qrcode
from qrcode.constants import ERROR_CORRECT_M

QUIET = 4  # the white border that the standard asks for, in squares


def squares(text: str) -> list[list[bool]]:
    """The code's rows with its quiet border; True is dark."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=QUIET)
    code.add_data(text)
    code.make(fit=True)
    return [[bool(square) for square in row] for row in code.get_matrix()]


def svg(text: str) -> str:
    """One path, black on white, scaled by whoever shows it."""
    rows = squares(text)
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    size = len(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        f'<rect width="{size}" height="{size}" fill="#fff"/><path d="{path}" fill="#000"/></svg>'
    )


def png(text: str, scale: int = 16) -> bytes:
    """One bit a pixel (PNG specification, greyscale of depth 1), `scale` pixels a square."""
    rows = [[dark for dark in row for _copy in range(scale)] for row in squares(text)]
    lines = b"".join((b"\0" + _packed(row)) * scale for row in rows)
    size = len(rows) * scale
    head = struct.pack(">IIBBBBB", size, size, 1, 0, 0, 0, 0)
    chunks = (_chunk(b"IHDR", head), _chunk(b"IDAT", zlib.compress(lines, 9)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _packed(row: list[bool]) -> bytes:
    """Eight pixels a byte, the first in the highest bit; 0 is black."""
    bits = "".join("0" if dark else "1" for dark in row)
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
