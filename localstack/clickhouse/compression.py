"""Request bodies as clients compress them: block by block, so that a body is many frames and every frame counts."""

import gzip
import zlib
from collections.abc import Callable, Mapping

import lz4.frame
import zstandard


def _inflate_lz4(body: bytes) -> bytes:
    blocks = bytearray()
    while body:
        frame = lz4.frame.LZ4FrameDecompressor()
        blocks += frame.decompress(body)
        if not frame.eof:
            raise ValueError("the last lz4 frame is cut short")
        body = frame.unused_data or b""
    return bytes(blocks)


def _inflate_zstd(body: bytes) -> bytes:
    return zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True).read()


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
