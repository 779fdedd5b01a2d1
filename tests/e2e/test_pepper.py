"""The pepper of the deployed house changes under everybody who has a key or a portal token, and nobody notices."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from meterhouse.kernel.instant import format_rfc3339
from meterhouse.platform import clock
from meterhouse.platform.peppers import SECRET, peppers_of
from meterhouse.platform.rotate_pepper import KEPT_AFTER

Answer = dict[str, Any]
PREFIX = "meterhouse-"
NAMESPACE = "peppered"


class Operator:
    """Who invokes the functions of the deployed house, and whose clock goes faster than the processes'."""

    def __init__(self, stack: dict[str, str], cloud: Callable[[str], Any]) -> None:
        self._url, self._first_key = stack["METERHOUSE_URL"], stack["METERHOUSE_API_KEY"]
        self._functions, self._secrets = cloud("lambda"), cloud("secretsmanager")
        told = self._functions.get_function_configuration(FunctionName=f"{PREFIX}rotate_pepper")
        self._secret = told["Environment"]["Variables"][SECRET]

    def invoke(self, name: str, order: Answer) -> Answer:
        answer = self._functions.invoke(FunctionName=PREFIX + name, Payload=json.dumps(order).encode())
        read: Answer = json.loads(answer["Payload"].read())
        return {"error": read} if "FunctionError" in answer else read

    def peppers(self, **order: int) -> list[Answer]:
        told: list[Answer] = self.invoke("rotate_pepper", dict(order))["peppers"]
        return told

    def is_known(self, key: str) -> bool:
        """Whether the authorizer lets a key in: it is asked itself, for the gateway remembers it for a minute."""
        asked = {"headers": {"authorization": f"Bearer {key}"}, "routeKey": "GET /api/v1/meters"}
        return bool(self.invoke("authorize_request", asked)["isAuthorized"])

    def status(self, path: str, secret: str) -> int:
        request = Request(self._url + path, headers={"Authorization": f"Bearer {secret}"})  # noqa: S310 - of the stack
        try:
            with urlopen(request) as answer:  # noqa: S310 - as above
                return int(answer.status)
        except HTTPError as refusal:
            return refusal.code

    def is_shown(self, token: str) -> bool:
        return self.status("/api/v1/portal/session", token) == 200

    def new_token(self, key: str) -> str:
        body = json.dumps({"subject": "ann"}).encode()
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        with urlopen(Request(f"{self._url}/api/v1/portal/tokens", body, headers)) as answer:  # noqa: S310 - as above
            return str(json.load(answer)["token"])

    def let_thirty_days_pass(self, version: int) -> None:
        """Since the pepper of this version was used first; every process reads the secret anew, as each soon does."""
        kept = self.kept()
        kept[f"pepper_{version}_from"] = format_rfc3339(clock.now() - KEPT_AFTER - timedelta(minutes=1))
        self._secrets.put_secret_value(SecretId=self._secret, SecretString=json.dumps(kept))
        self.let_five_minutes_pass()

    def let_five_minutes_pass(self) -> None:
        for page in self._functions.get_paginator("list_functions").paginate():
            for one in page["Functions"]:
                if SECRET in one.get("Environment", {}).get("Variables", {}):
                    # the emulator ends the processes of what is configured anew
                    self._functions.update_function_configuration(
                        FunctionName=one["FunctionName"], MemorySize=one["MemorySize"]
                    )

    def kept(self, stage: str = "AWSCURRENT") -> dict[str, str]:
        told = self._secrets.get_secret_value(SecretId=self._secret, VersionStage=stage)
        kept: dict[str, str] = json.loads(told["SecretString"])
        return kept

    def put_back(self) -> None:
        """What was there before the last change is the secret again, as the runbook says."""
        old, new = (
            self._secrets.get_secret_value(SecretId=self._secret, VersionStage=stage)["VersionId"]
            for stage in ("AWSPREVIOUS", "AWSCURRENT")
        )
        self._secrets.update_secret_version_stage(
            SecretId=self._secret, VersionStage="AWSCURRENT", MoveToVersionId=old, RemoveFromVersionId=new
        )
        self.let_five_minutes_pass()


@pytest.fixture
def operator(stack: dict[str, str], cloud: Callable[[str], Any]) -> Operator:
    return Operator(stack, cloud)


def test_the_pepper_changes_and_every_key_and_token_goes_on_until_the_old_one_is_given_up(
    operator: Operator, stack: dict[str, str], new_key: Callable[[str], str]
) -> None:
    first_key, used, idle = stack["METERHOUSE_API_KEY"], new_key(NAMESPACE), new_key(NAMESPACE)
    token = operator.new_token(used)
    *_, old = operator.peppers()
    version = old["version"] + 1

    # a new one is made, once, and used by nobody before everybody knows it
    told = operator.peppers(to=version)
    assert operator.peppers(to=version)[-1]["usedFrom"] == told[-1]["usedFrom"] > format_rfc3339(clock.now())
    assert told[-1]["secrets"] == 0
    between = new_key(NAMESPACE)
    assert [operator.is_known(key) for key in (first_key, used, idle, between)] == [True] * 4
    assert operator.is_shown(token)
    assert operator.peppers()[-1]["secrets"] == 0
    assert "until a later one has been in use" in str(operator.invoke("rotate_pepper", {"retire": old["version"]}))

    # it is used: what was made under the old one opens, and what is used is kept under the new one
    operator.let_thirty_days_pass(version)
    new = new_key(NAMESPACE)
    keys = (first_key, used, between, new)
    assert [operator.is_known(key) for key in keys] == [True] * 4
    assert operator.status("/api/v1/meters", new) == 200
    new_token = operator.new_token(new)
    assert operator.is_shown(token)
    assert operator.is_shown(new_token)
    left = {use["version"]: use["secrets"] for use in operator.peppers()}
    assert left[version] == len(keys)
    assert left[old["version"]] >= 1, "the key that nobody used"

    # the old one goes, with what nobody used for thirty days and not without being told so
    refused = operator.invoke("rotate_pepper", {"retire": old["version"]})
    assert f"{left[old['version']]} secrets are hashed under this pepper" in str(refused["error"])
    after = operator.peppers(retire=old["version"], closing=left[old["version"]])
    assert old["version"] not in [use["version"] for use in after]
    assert old["version"] not in [one.version for one in peppers_of(operator.kept()).all]
    operator.let_five_minutes_pass()
    assert [operator.is_known(key) for key in (*keys, idle)] == [True] * 4 + [False]
    assert [operator.is_shown(one) for one in (token, new_token)] == [False, True]

    # and is kept for who restores the database: the other journeys' keys, too, that were not used meanwhile
    assert old["version"] in [one.version for one in peppers_of(operator.kept("AWSPREVIOUS")).all]
    operator.put_back()
    assert [operator.is_known(key) for key in (*keys, idle)] == [True] * 5
