"""Credentials that callers bring, in AWS Secrets Manager: one secret an owner (an app, a channel), strings by name.

Each room has a module for who reads them and one for who writes them, for a function has the right to either or to
neither, and to those of one kind of owner alone.
"""

import json
from collections.abc import Mapping

from meterhouse.kernel.errors import InvariantBroken
from meterhouse.platform import aws, ids
from meterhouse.platform.settings import required

_SERVICE = "secretsmanager"
_EXISTS = "ResourceExistsException"
_UNKNOWN = "ResourceNotFoundException"


class KeptSecrets:
    """Nothing is remembered, so what was changed holds at the next call."""

    def __init__(self, prefix_variable: str) -> None:
        self._prefix_variable = prefix_variable

    def of(self, namespace: str, owner_id: str) -> Mapping[str, str]:
        """What is kept of an owner.

        Raises:
            InvariantBroken: nothing is.
            Unavailable: there is no answer.
        """
        asked = {"SecretId": _name(self._prefix_variable, namespace, owner_id)}
        try:
            answer = aws.call(_SERVICE, f"{_SERVICE}.GetSecretValue", asked)
        except aws.Refused as error:
            if error.code != _UNKNOWN:
                raise
            raise InvariantBroken(f"no credentials are kept of {owner_id}") from error
        kept: dict[str, str] = json.loads(answer["SecretString"])
        return kept


class KeptSecretsWriter:
    """Every call may be repeated. Raises `Unavailable`."""

    def __init__(self, prefix_variable: str) -> None:
        self._prefix_variable = prefix_variable

    def keep(self, namespace: str, owner_id: str, credentials: Mapping[str, str]) -> None:
        """Keep these in place of others."""
        name, value = _name(self._prefix_variable, namespace, owner_id), json.dumps(dict(credentials))
        # a fresh token each time: with that of an older value, the older value would not become the current one again
        token = {"ClientRequestToken": f"meterhouse-{ids.new_id()}"}
        try:
            aws.call(_SERVICE, f"{_SERVICE}.CreateSecret", {"Name": name, "SecretString": value, **token})
        except aws.Refused as error:
            if error.code != _EXISTS:
                raise
            aws.call(_SERVICE, f"{_SERVICE}.PutSecretValue", {"SecretId": name, "SecretString": value, **token})

    def forget(self, namespace: str, owner_id: str) -> None:
        """Delete for good: an owner that comes back has the same name, and brings its credentials anew."""
        asked = {
            "SecretId": _name(self._prefix_variable, namespace, owner_id),
            "ForceDeleteWithoutRecovery": True,
        }
        try:
            aws.call(_SERVICE, f"{_SERVICE}.DeleteSecret", asked)
        except aws.Refused as error:
            if error.code != _UNKNOWN:
                raise


def _name(prefix_variable: str, namespace: str, owner_id: str) -> str:
    return f"{required(prefix_variable)}{namespace}/{owner_id}"
