"""Request bodies as clients compress them: block by block, so that a body is many frames and every frame counts."""

import gzip
import zlib
from collections.abc import Callable, Mapping

import lz4.frame
import zstandard

PIECE = 1 << 20


def _inflate_lz4(body: bytes) -> bytes:
    rest, blocks = memoryview(body), []
    while rest:
        block, used = lz4.frame.decompress(rest, return_bytes_read=True)
        blocks.append(block)
        rest = rest[used:]
    return b"".join(blocks)


def _inflate_zstd(body: bytes) -> bytes:
    blocks, frame = [], None
    for start in range(0, len(body), PIECE):
        piece = body[start : start + PIECE]
        while piece:
            frame = frame or zstandard.ZstdDecompressor().decompressobj()
            blocks.append(frame.decompress(piece))
            piece = frame.unused_data if frame.eof else b""
            frame = None if frame.eof else frame
    if frame is not None:
        raise EOFError("the last frame is cut short")
    return b"".join(blocks)


INFLATE: Mapping[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "lz4": _inflate_lz4,
    "zstd": _inflate_zstd,
}


def inflate(encoding: str, body: bytes) -> bytes:
    """The whole of a body under this `Content-Encoding`.

    Raises:
        ValueError: an encoding we do not speak, or a body that is not in it.
    """
    if encoding not in INFLATE:
        raise ValueError(f"unknown Content-Encoding {encoding!r}")
    try:
        return INFLATE[encoding](body)
    except (OSError, EOFError, RuntimeError, zlib.error, zstandard.ZstdError) as error:
        raise ValueError(f"body is not {encoding}: {error}") from error
