"""What `meterhouse.client` tells of a call is priced token by token, with the meters and features of its page."""

import re
from pathlib import Path

import msgspec
import yaml

from meterhouse.catalog.feature import FeatureSpec
from meterhouse.catalog.unit_cost import LlmUnitCost, TokenType, ToldBy
from meterhouse.cli.catalog.folder import read_files
from meterhouse.client.client import LLM_CALL
from meterhouse.client.event import written
from meterhouse.client.llm_call import read_call
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.cloud_event import CloudEvent
from meterhouse.metering.model import MeterSpec
from tests.integration.llmcost.conftest import Desk
from tests.integration.metering.house import T0
from tests.unit.client.test_llm_calls import CHAT

PAGE = Path(__file__).resolve().parents[3] / "shared/meterhouse/client/README.md"


def test_each_token_of_a_tracked_call_costs_what_its_type_costs(desk: Desk, tmp_path: Path) -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    page = yaml.safe_load(example)
    (tmp_path / "llm.yaml").write_text(example)
    read_files(tmp_path / "llm.yaml").require_sound()
    features = {}
    for (slug, meter), feature in zip(page["meters"].items(), page["features"].values(), strict=True):
        assert (meter["eventType"], meter["aggregation"]) == (LLM_CALL, "SUM")
        made = desk.put_meter(
            MeterSpec(slug, Aggregation.SUM, LLM_CALL, slug, meter["valueProperty"], meter["groupBy"]), T0
        )
        desk.house.meters.append(made)
        cost = feature["unitCost"]
        unit_cost = LlmUnitCost(
            ToldBy(cost["providerProperty"]),
            ToldBy(cost["modelProperty"]),
            TokenType(cost["tokenType"]),
            ToldBy(cost["inputTokensProperty"]),
            ToldBy(cost["processingProperty"]),
        )
        features[cost["tokenType"]] = desk.put_feature(FeatureSpec(slug, slug, slug, unit_cost=unit_cost), T0, made.id)
    pricing = {
        "input_per_token": "1",
        "output_per_token": "10",
        "cache_read_per_token": "0.1",
        "cache_write_per_token": "2",
        "reasoning_per_token": "100",
    }
    price = {"provider": "openai", "model_id": CHAT["model"], "pricing": pricing, "currency": "USD"}
    assert desk("POST", "llm-cost/overrides", price | {"effective_from": "2026-01-01T00:00:00Z"})[0] == 201

    call = read_call(CHAT, None)
    event = written("app", call.id, LLM_CALL, "alice", T0, call.data())
    desk.house.sink(msgspec.json.decode(event.text, type=CloudEvent))

    costs = {kind: [(row["usage"], row["cost"]) for row in desk.costs(feature)] for kind, feature in features.items()}
    assert costs == {
        "input": [("400", "400")],
        "cache_read": [("600", "60")],
        "cache_write": [("0", "0")],
        "output": [("100", "1000")],
        "reasoning": [("200", "20000")],
    }
