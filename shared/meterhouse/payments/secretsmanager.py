"""Credentials of apps, read from AWS Secrets Manager: one secret an app, a JSON object of strings."""

import json
from collections.abc import Mapping

from meterhouse.kernel.errors import InvariantBroken
from meterhouse.platform import aws
from meterhouse.platform.settings import required

SERVICE = "secretsmanager"
UNKNOWN = "ResourceNotFoundException"


class SecretsManager:
    """`meterhouse.payments.ports.Secrets`. Nothing is remembered, so what was changed holds at the next call."""

    def of(self, namespace: str, app_id: str) -> Mapping[str, str]:
        asked = {"SecretId": name_of(namespace, app_id)}
        try:
            answer = aws.call(SERVICE, f"{SERVICE}.GetSecretValue", asked)
        except aws.Refused as error:
            if error.code != UNKNOWN:
                raise
            raise InvariantBroken(f"app {app_id} has no credentials") from error
        kept: dict[str, str] = json.loads(answer["SecretString"])
        return kept


def name_of(namespace: str, app_id: str) -> str:
    return f"{required('APP_SECRETS_PREFIX')}{namespace}/{app_id}"
