"""Credentials of apps, read from AWS Secrets Manager."""

from meterhouse.platform.kept_secrets import KeptSecrets

PREFIX = "APP_SECRETS_PREFIX"


class SecretsManager(KeptSecrets):
    """`meterhouse.payments.ports.Secrets`."""

    def __init__(self) -> None:
        super().__init__(PREFIX)
