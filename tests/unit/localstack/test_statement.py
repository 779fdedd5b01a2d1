"""How the ClickHouse front reads requests, and that no compressed block is lost."""

import gzip

import lz4.frame
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from localstack.clickhouse.compression import inflate
from localstack.clickhouse.statement import Insert, Query, parse_statement

COMPRESS = {"gzip": gzip.compress, "lz4": lz4.frame.compress, "zstd": zstandard.ZstdCompressor().compress}


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=5), st.sampled_from(sorted(COMPRESS)))
def test_every_frame_of_a_body_is_inflated(blocks: list[bytes], encoding: str) -> None:
    body = b"".join(COMPRESS[encoding](block) for block in blocks)
    assert inflate(encoding, body) == b"".join(blocks)


@pytest.mark.parametrize("encoding", sorted(COMPRESS))
def test_a_body_that_is_not_what_it_says_is_refused(encoding: str) -> None:
    with pytest.raises(ValueError, match=encoding):
        inflate(encoding, b"plain text")


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(ValueError, match="snappy"):
        inflate("snappy", b"")


@pytest.mark.parametrize("encoding", sorted(COMPRESS))
def test_a_body_cut_inside_its_last_frame_is_refused(encoding: str) -> None:
    whole = COMPRESS[encoding](bytes(range(256)))
    with pytest.raises(ValueError, match=encoding):
        inflate(encoding, whole + whole[:-8])


def test_blocks_after_an_insert_statement_are_its_rows() -> None:
    statement = parse_statement("POST", {}, {}, b"INSERT INTO t (`a`, `b`) FORMAT Native\n\x01\x02INSERT")
    assert statement.action == Insert("INSERT INTO t (`a`, `b`)", "Native", b"\x01\x02INSERT")


def test_a_statement_in_the_query_string_takes_the_body_as_its_rows() -> None:
    statement = parse_statement("POST", {}, {"query": "INSERT INTO t FORMAT CSV"}, b"1\n2\n")
    assert statement.action == Insert("INSERT INTO t", "CSV", b"1\n2\n")


def test_an_insert_with_values_or_a_select_is_a_query() -> None:
    for sql in ("INSERT INTO t VALUES (1)", "INSERT INTO t SELECT 1"):
        assert parse_statement("POST", {}, {}, sql.encode()).action == Query(sql, "TabSeparated")


def test_the_statements_format_wins_over_the_clients_default() -> None:
    arguments = {"query": "SELECT 1 FORMAT JSON", "default_format": "Native"}
    assert parse_statement("GET", {}, arguments, b"").action == Query("SELECT 1 FORMAT JSON", "JSON")


def test_settings_parameters_and_transport_are_told_apart() -> None:
    arguments = {"max_threads": "1", "param_x": "7", "session_id": "s", "query_id": "q", "database": "d"}
    statement = parse_statement("POST", {}, arguments, b"SELECT {x:Int8}")
    assert (statement.settings, statement.params) == ({"max_threads": "1"}, {"x": "7"})
    assert (statement.session_id, statement.query_id, statement.database) == ("s", "q", "d")


def test_a_get_may_only_read() -> None:
    assert parse_statement("GET", {}, {"query": "SELECT 1"}, b"").read_only
    assert not parse_statement("POST", {}, {}, b"SELECT 1").read_only
