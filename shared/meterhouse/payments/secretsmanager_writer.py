"""Credentials of apps, written to AWS Secrets Manager by the functions that install apps, and by no other."""

import json
from collections.abc import Mapping

from meterhouse.payments.secretsmanager import SERVICE, UNKNOWN, name_of
from meterhouse.platform import aws, ids

_EXISTS = "ResourceExistsException"


class SecretsManagerWriter:
    """`meterhouse.payments.ports.SecretKeeper`."""

    def keep(self, namespace: str, app_id: str, credentials: Mapping[str, str]) -> None:
        name, value = name_of(namespace, app_id), json.dumps(dict(credentials))
        # a fresh token each time: with that of an older value, the older value would not become the current one again
        token = {"ClientRequestToken": f"meterhouse-{ids.new_id()}"}
        try:
            aws.call(SERVICE, f"{SERVICE}.CreateSecret", {"Name": name, "SecretString": value, **token})
        except aws.Refused as error:
            if error.code != _EXISTS:
                raise
            aws.call(SERVICE, f"{SERVICE}.PutSecretValue", {"SecretId": name, "SecretString": value, **token})

    def forget(self, namespace: str, app_id: str) -> None:
        """Delete for good: an account that is installed again has the same name, and brings its key anew."""
        asked = {"SecretId": name_of(namespace, app_id), "ForceDeleteWithoutRecovery": True}
        try:
            aws.call(SERVICE, f"{SERVICE}.DeleteSecret", asked)
        except aws.Refused as error:
            if error.code != UNKNOWN:
                raise
