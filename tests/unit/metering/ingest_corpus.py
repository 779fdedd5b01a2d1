"""Requests of ingest, the bad and the good: each a row, with the answer it must get."""

import gzip
import json
import zlib
from base64 import b64encode
from typing import Any

from meterhouse.metering.request import Limits

EVENT = {"specversion": "1.0", "id": "1", "source": "gate", "type": "flight.departed", "subject": "UA"}
ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
EITHER = "application/json"


def request(
    body: bytes | str | None,
    content_type: str | None = EITHER,
    encoding: str | None = None,
    attributes: dict[str, str] | None = None,
) -> dict[str, Any]:
    headers = {"content-type": content_type, "content-encoding": encoding, **(attributes or {})}
    is_binary = isinstance(body, bytes)
    return {
        "rawPath": "/api/v1/events",
        "headers": {name: value for name, value in headers.items() if value is not None},
        "requestContext": {
            "requestId": "r-1",
            "authorizer": {"lambda": {"namespace": "acme", "scopes": "*", "keyId": "k"}},
        },
        "body": b64encode(body).decode() if isinstance(body, bytes) else body,
        "isBase64Encoded": is_binary,
    }


def sent(**changes: object) -> str:
    return json.dumps({name: value for name, value in (EVENT | changes).items() if value is not ...})


def event_text(name: str, value: str) -> str:
    """An event with one member written as it stands, so that it may be no JSON."""
    return sent()[:-1] + f', "{name}": {value}}}'


def nested(levels: int) -> str:
    """An event nested that deep, in brackets of both kinds and none of a text's."""
    pairs = (levels - 1) // 2
    inner = '{"a":[' * pairs + ("{}" if levels % 2 == 0 else '"[{"') + "]}" * pairs
    return event_text("data", inner)


def binary(
    body: bytes | str | None = '{"value": 1}', content_type: str | None = EITHER, **changes: str
) -> dict[str, Any]:
    """An event in binary mode; changes by attribute, "" for none."""
    attributes = {f"ce-{name}": value for name, value in (EVENT | changes).items() if value}
    return request(body, content_type, "gzip" if isinstance(body, bytes) else None, attributes)


def zipped(*members: bytes | str) -> dict[str, Any]:
    parts = (member.encode() if isinstance(member, str) else member for member in members)
    return request(b"".join(map(gzip.compress, parts)), encoding="gzip")


SMALL = Limits(events=3, body_bytes=600_000, inflated_bytes=900_000)
REFUSED: list[tuple[str, dict[str, Any], int, list[str]]] = [
    ("empty body", request(""), 400, [""]),
    ("no body", request(None), 400, [""]),
    ("blank body", request("  \n"), 400, [""]),
    ("no JSON", request("hello"), 400, [""]),
    ("truncated JSON", request(sent()[:-1]), 400, [""]),
    ("truncated array", request(f"[{sent()},"), 400, [""]),
    ("trailing bytes", request(sent() + " x"), 400, [""]),
    ("two documents", request(sent() + sent()), 400, [""]),
    ("byte order mark", request(b"\xef\xbb\xbf" + sent().encode()), 400, [""]),
    ("bad UTF-8 in an attribute", request(b'{"id": "\xff"}'), 400, [""]),
    ("bad UTF-8 in data", request(event_text("data", '{"a": "?"}').encode().replace(b"?", b"\xff")), 400, [""]),
    ("lone surrogate escaped", request(event_text("subject", '"\\ud800"')), 400, [""]),
    ("lone surrogate in data", request(event_text("data", '{"a": "\\udc00"}')), 400, [""]),
    ("lone surrogate raw", request(event_text("subject", '"\ud800"')), 400, [""]),
    ("NaN in data", request(event_text("data", '{"a": NaN}')), 400, [""]),
    ("control character", request(event_text("data", '{"a": "\x01"}')), 400, [""]),
    ("nested too deep", request(event_text("data", '{"a":' * 100_000)), 400, [""]),
    ("nested one level too deep", request(nested(129)), 400, ["/data"]),
    ("nested too deep among others", request(f"[{sent(data={'a': [{}] * 200})}, {nested(129)}]"), 400, ["/1/data"]),
    ("nested too deep in an extension of a long name", request(event_text("a/~" * 999, "[" * 128 + "]" * 128)), 400,
     ["/" + "a~1~0" * 6 + "a~1"]),
    ("nested too deep in an extension", request(event_text("x", "[" * 128 + "]" * 128)), 400, ["/x"]),
    ("a number with a leading zero", request(event_text("data", '{"a": 01}')), 400, [""]),
    ("an infinite number", request(event_text("data", '{"a": Infinity}')), 400, [""]),
    ("an unknown escape", request(event_text("data", '{"a": "\\x"}')), 400, [""]),
    ("a comment", request(sent() + "// done"), 400, [""]),
    ("a trailing comma", request(f"[{sent()},]"), 400, [""]),
    ("NUL as a byte", request(sent().encode() + b"\0"), 400, [""]),
    ("NUL as a byte in an attribute", request(event_text("subject", '"\0"')), 400, [""]),
    ("a surrogate in UTF-8", request(event_text("subject", '"?"').encode().replace(b"?", b"\xed\xa0\x80")), 400, [""]),
    ("an overlong byte", request(event_text("subject", '"?"').encode().replace(b"?", b"\xc0\xa0")), 400, [""]),
    ("UTF-16", request(sent().encode("utf-16")), 400, [""]),
    ("a surrogate in a member's name", request(event_text("data", '{"\\udc00": 1}')), 400, [""]),
    ("half a surrogate pair", request(event_text("subject", '"\\ud800\\u0041"')), 400, [""]),
    ("no base64", request("*") | {"isBase64Encoded": True}, 400, [""]),
    ("no gzip", request(b"plain", encoding="gzip"), 400, [""]),
    ("gzip cut short", request(gzip.compress(sent().encode())[:-9], encoding="gzip"), 400, [""]),
    ("gzip cut in its second member", request(gzip.compress(b"[") + gzip.compress(b"]")[:-1], encoding="gzip"), 400,
     [""]),
    ("gzip with its check wrong", request(gzip.compress(sent().encode())[:-8] + b"\0" * 8, encoding="gzip"), 400, [""]),
    ("gzip and then something", request(gzip.compress(sent().encode()) + b"x", encoding="gzip"), 400, [""]),
    ("gzip of nothing", zipped(""), 400, [""]),
    ("nothing as gzip", request(b"", encoding="gzip"), 400, [""]),
    ("zlib as gzip", request(zlib.compress(sent().encode()), encoding="gzip"), 400, [""]),
    ("a number", request("1"), 400, [""]),
    ("a text", request('"event"'), 400, [""]),
    ("null", request("null"), 400, [""]),
    ("true", request("true"), 400, [""]),
    ("an empty array as one event", request("[]", ONE), 400, [""]),
    ("an array as one event", request(f"[{sent()}]", ONE), 400, [""]),
    ("an object as a batch", request(sent(), BATCH), 400, [""]),
    ("members that are no events", request('[1, "x", null]'), 400, ["/0", "/1", "/2"]),
    ("an empty event", request("{}"), 400, ["/id", "/source", "/type", "/subject"]),
    ("NUL in id", request(event_text("id", '"a\\u0000"')), 400, ["/id"]),
    ("NUL in subject", request(event_text("subject", '"\\u0000"')), 400, ["/subject"]),
    ("NUL in source", request(event_text("source", '"\\u0000a"')), 400, ["/source"]),
    ("NUL in type", request(event_text("type", '"\\u0000"')), 400, ["/type"]),
    ("NUL in dataschema", request(event_text("dataschema", '"\\u0000"')), 400, ["/dataschema"]),
    ("NUL in the second of two", request(f"[{sent()}, {sent(id=chr(0))}]"), 400, ["/1/id"]),
    ("missing id", request(sent(id=...)), 400, ["/id"]),
    ("missing source", request(sent(source=...)), 400, ["/source"]),
    ("missing type", request(sent(type=...)), 400, ["/type"]),
    ("missing subject", request(sent(subject=...)), 400, ["/subject"]),
    ("empty id", request(sent(id="")), 400, ["/id"]),
    ("empty source", request(sent(source="")), 400, ["/source"]),
    ("empty type", request(sent(type="")), 400, ["/type"]),
    ("empty subject", request(sent(subject="")), 400, ["/subject"]),
    ("an id that is no text", request(sent(id=7)), 400, ["/id"]),
    ("a null subject", request(sent(subject=None)), 400, ["/subject"]),
    ("an id past all measure", request(sent(id="x" * 1025)), 400, ["/id"]),
    ("a source past all measure", request(sent(source="x" * 1025)), 400, ["/source"]),
    ("a type past all measure", request(sent(type="x" * 1025)), 400, ["/type"]),
    ("a subject past all measure", request(sent(subject="x" * 1025)), 400, ["/subject"]),
    ("a dataschema past all measure", request(sent(dataschema="x" * 1025)), 400, ["/dataschema"]),
    ("an empty dataschema", request(sent(dataschema="")), 400, ["/dataschema"]),
    ("wrong specversion", request(sent(specversion="0.3")), 400, ["/specversion"]),
    ("specversion as a number", request(sent(specversion=1.0)), 400, ["/specversion"]),
    ("a null specversion", request(sent(specversion=None)), 400, ["/specversion"]),
    ("an id given wrongly, then rightly", request('{"id": 1, ' + sent()[1:]), 400, [""]),
    ("an id given rightly, then wrongly", request(event_text("id", "1")), 400, ["/id"]),
    ("time without zone", request(sent(time="2026-01-01T00:00:00")), 400, ["/time"]),
    ("time that is no time", request(sent(time="yesterday")), 400, ["/time"]),
    ("time as a number", request(sent(time=1767225600)), 400, ["/time"]),
    ("an empty time", request(sent(time="")), 400, ["/time"]),
    ("a leap second", request(sent(time="2016-12-31T23:59:60Z")), 400, ["/time"]),
    ("24 o'clock", request(sent(time="2026-01-01T24:00:00Z")), 400, ["/time"]),
    ("a day that is not", request(sent(time="2026-02-30T00:00:00Z")), 400, ["/time"]),
    ("a time without seconds", request(sent(time="2026-01-01T00:00Z")), 400, ["/time"]),
    ("a date", request(sent(time="2026-01-01")), 400, ["/time"]),
    ("a zone past all measure", request(sent(time="2026-01-01T00:00:00+24:00")), 400, ["/time"]),
    ("time in the year 9999", request(sent(time="9999-12-31T23:59:59-14:00")), 400, ["/time"]),
    ("time in the year 1 of our zone", request(sent(time="0001-01-01T00:00:00Z")), 400, ["/time"]),
    ("time in the year 10000", request(sent(time="10000-01-01T00:00:00Z")), 400, ["/time"]),
    ("time after the years by its zone", request(sent(time="2099-12-31T23:00:00-01:00")), 400, ["/time"]),
    ("time before the years by its zone", request(sent(time="1970-01-01T00:30:00+01:00")), 400, ["/time"]),
    ("time before the years", request(sent(time="1969-12-31T23:59:59Z")), 400, ["/time"]),
    ("time after the years", request(sent(time="2100-01-01T00:00:00Z")), 400, ["/time"]),
    ("time in the year 1", request(sent(time="0001-01-01T00:00:00+14:00")), 400, ["/time"]),
    ("data as a text", request(sent(data="{}")), 400, ["/data"]),
    ("data as an array", request(sent(data=[])), 400, ["/data"]),
    ("data as a number", request(sent(data=1)), 400, ["/data"]),
    ("data in base64", request(sent(data_base64="e30=")), 400, ["/data_base64"]),
    ("data of another type", request(sent(datacontenttype="text/xml")), 400, ["/datacontenttype"]),
    ("all faults of all events", request(f"[{sent(id='')}, {sent()}, {sent(type=1, time='x', data=[])}]"), 400,
     ["/0/id", "/2/type", "/2/time", "/2/data"]),
    ("one fault early in many", request(f"[{', '.join([sent(id=7)] + [sent()] * 2)}]"), 400, ["/0/id"]),
    ("an untimely event before a faulty one", request(f"[{sent(time='1960-01-01T00:00:00Z')}, {sent(id=7)}]"), 400,
     ["/0/time", "/1/id"]),
    ("the sender's text that looks like a path", request(f"[{sent(specversion=' - at `$[2]`')}, {sent()}]"), 400,
     ["/0/specversion"]),
    ("no content type", request(sent(), None), 415, []),
    ("an empty content type", request(sent(), ""), 415, []),
    ("CloudEvents in another format", request(sent(), "application/cloudevents+avro"), 415, []),
    ("two charsets", request(sent(), "application/json; charset=utf-8; charset=latin-1"), 415, []),
    ("deflate", request(zlib.compress(sent().encode()), encoding="deflate"), 415, []),
    ("gzip twice", request(gzip.compress(gzip.compress(sent().encode())), encoding="gzip, gzip"), 415, []),
    ("unknown content type", request(sent(), "text/plain"), 415, []),
    ("another charset", request(sent(), "application/json; charset=latin-1"), 415, []),
    ("unknown encoding", request(sent(), encoding="br"), 415, []),
    ("more events than allowed", request(f"[{','.join([sent()] * 4)}]"), 413, []),
    ("more bytes than allowed", request(sent(data={"x": "y" * 600_000})), 413, []),
    ("a gzip bomb", zipped(b" " * 1_000_000), 413, []),
    ("a gzip bomb in many members", zipped(*[b" " * 100_000] * 10), 413, []),
    ("a gzip bomb in its last member", zipped(sent(), b" " * 1_000_000), 413, []),
    ("very many gzip members", zipped(*[b""] * 1_000), 413, []),
    ("binary: no attributes but one", binary(id="", source="", type="", subject=""), 400,
     ["header:ce-id", "header:ce-source", "header:ce-type", "header:ce-subject"]),
    ("binary: all faults", binary("[", specversion="0.3", id="%", time="now", source="%C0%A0", subject="%00"), 400,
     ["", "header:ce-id", "header:ce-source", "header:ce-specversion", "header:ce-subject", "header:ce-time"]),
    ("binary: an empty attribute", binary(type=" "), 400, ["header:ce-type"]),
    ("binary: an id past all measure", binary(id="x" * 1025), 400, ["header:ce-id"]),
    ("binary: time without zone", binary(time="2026-01-01T00:00:00"), 400, ["header:ce-time"]),
    ("binary: time after the years", binary(time="2100-01-01T00:00:00Z"), 400, ["header:ce-time"]),
    ("binary: raw UTF-8", binary(subject="é"), 400, ["header:ce-subject"]),
    ("binary: half a surrogate pair", binary(subject="%ED%A0%80"), 400, ["header:ce-subject"]),
    ("binary: raw surrogate", binary(subject="\ud800"), 400, ["header:ce-subject"]),
    ("binary: an open quote", binary(subject='"a'), 400, ["header:ce-subject"]),
    ("binary: a stray percent sign", binary(subject="100%"), 400, ["header:ce-subject"]),
    ("binary: two content types", binary(datacontenttype=EITHER), 400,
     ["header:ce-datacontenttype"]),
    ("binary: data as an array", binary("[]"), 400, [""]),
    ("binary: data as a text", binary('"{}"'), 400, [""]),
    ("binary: data and then an attribute", binary('{}, "id": "2"'), 400, [""]),
    ("binary: data in bad UTF-8", binary(gzip.compress(b'{"a": "\xff"}')), 400, [""]),
    ("binary: a byte order mark", binary(gzip.compress(b"\xef\xbb\xbf{}")), 400, [""]),
    ("binary: data nested too deep", binary('{"a":' * 128 + "1" + "}" * 128), 400, [""]),
    ("binary: data past all stacks", binary('{"a":' * 100_000), 400, [""]),
    ("binary: data of another type", binary(content_type="text/plain"), 415, []),
    ("binary: another charset", binary(content_type="application/json; charset=latin-1"), 415, []),
    ("headers do not help a structured event", binary(content_type=ONE), 400, ["/id", "/source", "/type", "/subject"]),
    ("headers do not help a batch", binary(content_type=BATCH), 400, [""]),
    ("an extension header alone is no binary mode", request("{}", attributes={"ce-tenant": "x"}), 400,
     ["/id", "/source", "/type", "/subject"]),
]  # fmt: skip


ACCEPTED: list[tuple[str, dict[str, Any], int]] = [
    ("one event", request(sent(), ONE), 1),
    ("one event as JSON", request(sent()), 1),
    ("a batch", request(f"[{sent()}, {sent(id='2')}]", BATCH), 2),
    ("a batch as JSON", request(f" [{sent()}, {sent(id='2')}]"), 2),
    ("a charset", request(sent(), "application/json; charset=UTF-8"), 1),
    ("base64", request(sent().encode()), 1),
    ("gzip", request(gzip.compress(sent().encode()), encoding="gzip"), 1),
    ("gzip in two members", request(gzip.compress(b"[") + gzip.compress(f"{sent()}]".encode()), encoding="gzip"), 1),
    ("null attributes", request(sent(time=None, data=None, dataschema=None, datacontenttype=None)), 1),
    ("extension attributes", request(sent(traceparent="00-ab", tenant=1)), 1),
    ("no specversion", request(sent(specversion=...)), 1),
    ("NUL in data", request(event_text("data", '{"a": "\\u0000"}')), 1),
    ("an escaped backslash before u0000", request(sent(id="\\u0000")), 1),
    ("a number past all floats", request(event_text("data", '{"a": 1e400, "b": -0.0}')), 1),
    ("as deep as allowed", request(nested(128)), 1),
    ("brackets in texts are not nesting", request(sent(subject="[{" * 200, data={"a": '\\"[' * 200})), 1),
    ("many shallow objects", request(f"[{', '.join([sent(data={'a': [{}, {}]})] * 100)}]"), 100),
    ("texts as long as allowed", request(sent(id="é" * 1024, dataschema="x" * 1024)), 1),
    ("a zone unknown", request(sent(time="2026-01-01T00:00:00-00:00")), 1),
    ("small letters", request(sent(time="2026-01-01t00:00:00z")), 1),
    ("nanoseconds", request(sent(time="2026-01-01T00:00:00.123456789Z")), 1),
    ("the first instant", request(sent(time="1970-01-01T00:00:00Z")), 1),
    ("the last instant", request(sent(time="2099-12-31T23:59:59.999999Z")), 1),
    ("the first instant by its zone", request(sent(time="1969-12-31T23:00:00-01:00")), 1),
    ("an id given twice", request(event_text("id", '"2"')), 1),
    ("x-gzip", request(gzip.compress(sent().encode()), encoding=" X-GZIP "), 1),
    ("identity", request(sent(), encoding="identity"), 1),
    ("headers beside a structured event", request(sent(), ONE, attributes={"ce-id": "", "ce-source": "%"}), 1),
    ("binary mode", binary(), 1),
    ("binary mode without specversion", binary(specversion=""), 1),
    ("binary mode without data", binary(None, None), 1),
    ("binary mode in gzip", binary(gzip.compress(b"{}")), 1),
    ("binary mode with extensions", binary(tenant="%", data="x"), 1),
    ("binary mode, data as deep as allowed", binary('{"a":' * 127 + "1" + "}" * 127), 1),
]  # fmt: skip


_DIGITS = "9" * 4_301
UNREADABLE: list[tuple[str, str, str, str]] = [
    ("an exponent past all decimals", '{"value": 1e1000000000000000000}', "$.value", "is no number"),
    ("an exponent below all decimals", '{"value": 1e-1000000000000000000000}', "$.value", "is no number"),
    ("more digits than Python reads", f'{{"value": {_DIGITS}}}', "$.value", "is no number"),
    ("as many digits as Python reads", f'{{"value": {_DIGITS[1:]}}}', "$.value", "is out of range"),
    ("a number past all floats", '{"value": -1e400}', "$.value", "is out of range"),
    ("descendants of descendants", '{"a":' * 127 + "1" + "}" * 127, "$..*..*..*..*", "takes too many steps to find"),
    ("the same members many times over", '{"a":' * 127 + "1" + "}" * 127, "$" + "['a','a']" * 100,
     "takes too many steps to find"),
    ("a filter that searches the document again and again", f'{{"a": {[[1]] * 300}}}', "$..[?$..*]",
     "takes too many steps to find"),
    ("a comparison of arrays", '{"a": [[1]], "b": [1]}', "$.a[?@ == $.b]", "compares objects or arrays"),
    ("more levels than nodes have room for", '{"a":' * 127 + "1" + "}" * 127, "$..b", "is missing"),
]  # fmt: skip
"""Data that ingest takes, where a meter looks in it, and why it reads no number there."""
ACCEPTED += [(name, request(event_text("data", data)), 1) for name, data, _, _ in UNREADABLE]
