"""Records that no sink of ours may take, and none may die of."""

from collections.abc import Mapping

import zstandard

_EVENT = '{"id":"1","source":"s","type":"call","subject":"ann","data":{"value":"1"}}'


def record(*events: str, namespace: str = "acme", ingested_at: str = "2026-03-28T21:30:00Z") -> bytes:
    text = f'{{"v":1,"namespace":"{namespace}","ingestedAt":"{ingested_at}","events":[{",".join(events or [_EVENT])}]}}'
    return zstandard.compress(text.encode("utf-8", "surrogateescape"))


def _with(name: str, value: str) -> str:
    return _EVENT[:-1] + f', "{name}": {value}}}'


POISON: Mapping[str, bytes | None] = {
    "no value": None,
    "an empty value": b"",
    "no zstd": b"garbage",
    "zstd of nothing": b"\x28\xb5\x2f\xfd\x00",
    "no JSON": zstandard.compress(b"garbage"),
    "another version": zstandard.compress(b'{"v":2}'),
    "accepted in no zone": record(ingested_at="2026-03-28T21:30:00"),
    "accepted after all years": record(ingested_at="9999-12-31T23:59:59Z"),
    "accepted before all years": record(ingested_at="1969-12-31T23:59:59Z"),
    "more events than places": record(*[_EVENT] * (1 << 14)),
    "of no namespace": record(namespace=""),
    "NUL in the namespace": record(namespace="\\u0000"),
    "NUL in an event": record(_EVENT, _with("subject", '"\\u0000"')),
    "an event outside the years": record(_with("time", '"1969-12-31T23:59:59Z"')),
    "an event in no zone": record(_with("time", '"2026-03-28T21:30:00"')),
    "data that is no object": record(_with("data", "[]")),
    "data that is no UTF-8": record(_with("data", '{"value": "\udcff"}')),
    "data nested too deep": record(_with("data", '{"a":' * 128 + "1" + "}" * 128)),
}
