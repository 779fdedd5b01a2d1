"""What may be the address of an endpoint, and a key for it."""

from urllib.parse import urlsplit


def is_address(url: str) -> bool:
    """http:// or https:// and a host; no query, no fragment."""
    try:
        parts = urlsplit(url)
        is_sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return is_sound and not parts.query and not parts.fragment and url.isprintable() and " " not in url


def is_key(text: str) -> bool:
    """Whether a header can carry it."""
    return text != "" and text.isascii() and text.isprintable() and text == text.strip()
