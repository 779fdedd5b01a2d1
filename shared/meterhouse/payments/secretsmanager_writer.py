"""Credentials of apps, written to AWS Secrets Manager by the functions that install apps, and by no other."""

from meterhouse.payments.secretsmanager import PREFIX
from meterhouse.platform.kept_secrets import KeptSecretsWriter


class SecretsManagerWriter(KeptSecretsWriter):
    """`meterhouse.payments.ports.SecretKeeper`."""

    def __init__(self) -> None:
        super().__init__(PREFIX)
