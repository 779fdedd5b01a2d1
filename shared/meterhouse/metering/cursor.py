"""Cursors of lists: what a caller sends back is a place of a list of ours, or it is refused."""

from meterhouse.kernel.errors import InvalidInput, Problem


def unknown_cursor() -> InvalidInput:
    return InvalidInput("the cursor is none of ours", [Problem("query:cursor", "cursor", "unknown")])
