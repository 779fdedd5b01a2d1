"""From an HTTP request to what the engine shall do. Pure: bytes and strings in, a Statement out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP

# Spoken to the server, not to the engine.
TRANSPORT = frozenset(
    (
        "query",
        "database",
        "default_format",
        "user",
        "password",
        "session_id",
        "session_timeout",
        "session_check",
        "query_id",
        "quota_key",
        "compress",
        "decompress",
        "buffer_size",
        "wait_end_of_query",
        "client_protocol_version",
        "role",
        "enable_http_compression",
        "stacktrace",
        "send_progress_in_http_headers",
        "http_headers_progress_interval_ms",
        "cancel_http_readonly_queries_on_client_close",
    )
)
_COMMENTS = rb"\s*(?:/\*.*?\*/\s*|--[^\n]*\n\s*)*"
_INSERT = re.compile(
    rb"(?P<head>" + _COMMENTS + rb"INSERT\s+INTO\b[^;]*?)\s+FORMAT\s+(?P<format>\w+)[ \t]*;?(?:\r?\n)?",
    re.IGNORECASE | re.DOTALL,
)
_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_HEAD_LIMIT = 1 << 16


@dataclass(frozen=True, slots=True)
class Insert:
    """Rows to append: `head` without its FORMAT clause, and the encoded blocks."""

    head: str
    format: str
    blocks: bytes


@dataclass(frozen=True, slots=True)
class Query:
    sql: str
    format: str
    """The FORMAT clause of the statement, else the format the client asked for by default."""


@dataclass(frozen=True, slots=True)
class Statement:
    action: Insert | Query
    database: str
    settings: Mapping[str, str]
    params: Mapping[str, str]
    session_id: str
    session_timeout: float
    query_id: str
    read_only: bool


def parse_statement(method: str, headers: Mapping[str, str], arguments: Mapping[str, str], body: bytes) -> Statement:
    """What one request asks for.

    Args:
        method: a GET may only read, as in ClickHouse.
        headers: lower-case names.
        arguments: the decoded query string.
        body: inflated; the statement, the statement followed by its blocks, or the blocks alone.
    """
    fields = dict(arguments)
    if headers.get("content-type", "").startswith("multipart/form-data"):
        fields |= _form_fields(headers["content-type"], body)
        body = b""
    return Statement(
        action=_action(fields.get("query", ""), body, fields.get("default_format", "TabSeparated")),
        database=fields.get("database") or headers.get("x-clickhouse-database") or "",
        settings={
            name: value for name, value in fields.items() if name not in TRANSPORT and not name.startswith("param_")
        },
        params={name[6:]: value for name, value in fields.items() if name.startswith("param_")},
        session_id=fields.get("session_id", ""),
        session_timeout=float(fields.get("session_timeout") or 60),
        query_id=fields.get("query_id", ""),
        read_only=method != "POST",
    )


def _action(query: str, body: bytes, default_format: str) -> Insert | Query:
    # The client sends the statement before the blocks; others send it in the query string. One text serves both.
    text = query.encode() + b"\n" + body if query else body
    insert = _INSERT.match(text[:_HEAD_LIMIT])
    if insert and text[insert.end() :].strip():
        return Insert(insert["head"].decode().strip(), insert["format"].decode(), text[insert.end() :])
    sql = text.decode(errors="surrogateescape").strip()
    named = _FORMAT.search(sql)
    return Query(sql, named[1] if named else default_format)


def _form_fields(content_type: str, body: bytes) -> dict[str, str]:
    form = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    return {str(part.get_param("name", header="content-disposition")): part.get_content() for part in form.iter_parts()}
