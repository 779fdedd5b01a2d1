"""Which stack the environment describes."""

from pathlib import Path

import pytest

from localstack.settings import DEFAULT_PORTS, ROOT, read_stack


def test_without_variables_the_stack_is_the_projects_own() -> None:
    stack = read_stack({})
    assert stack.state == ROOT / ".local"
    ports = (stack.api, stack.aws, stack.postgres, stack.clickhouse, stack.kafka, stack.stripe)
    assert [port.number for port in ports] == list(DEFAULT_PORTS.values())


def test_a_base_moves_every_port_and_one_variable_moves_one(tmp_path: Path) -> None:
    stack = read_stack(
        {"METERHOUSE_PORT_BASE": "40000", "METERHOUSE_PORT_KAFKA": "9092", "METERHOUSE_STATE": str(tmp_path)}
    )
    assert (stack.api.number, stack.aws.number, stack.clickhouse.number) == (40000, 40001, 40003)
    assert (stack.kafka.number, stack.state) == (9092, tmp_path)


@pytest.mark.parametrize("text", ["", "http", "0", "-1", "99999"])
def test_what_is_no_port_number_is_refused_by_name(text: str) -> None:
    with pytest.raises(SystemExit, match="METERHOUSE_PORT_API"):
        read_stack({"METERHOUSE_PORT_API": text})
