"""What a person sees of a record's bytes."""

_MOST_CHARACTERS = 2_000
_MOST_BYTES = 4 * _MOST_CHARACTERS
_WINDOW = 8 * 1024 * 1024


def preview(value: bytes) -> str:
    """At most 2 000 characters: of the text that zstd gives back, as far as it does; else of the bytes themselves.

    What cannot be printed is escaped.
    """
    text = (_inflated(value) or value[:_MOST_BYTES]).decode(errors="backslashreplace")
    return "".join(map(_printable, text[:_MOST_CHARACTERS]))[:_MOST_CHARACTERS]


def _inflated(value: bytes) -> bytes:
    import zstandard  # noqa: PLC0415 - who describes the API shows no letter

    decompressor = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
    inflated = bytearray()
    with decompressor.stream_reader(value, read_across_frames=False) as reader:
        try:
            while len(inflated) < _MOST_BYTES and (part := reader.read(_MOST_BYTES - len(inflated))):
                inflated += part
        except zstandard.ZstdError:
            return bytes(inflated)
    return bytes(inflated)


def _printable(character: str) -> str:
    if character.isprintable() or character in "\n\t":
        return character
    return character.encode("unicode_escape").decode()
