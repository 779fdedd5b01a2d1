"""Secrets the application owns; each value is a JSON object of strings, generated at deploy."""

from __future__ import annotations

import json
import string
from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_secretsmanager as secrets
from constructs import Construct

from infra.environment import named
from infra.function_spec import Credential
from infra.nag import accept

if TYPE_CHECKING:
    from collections.abc import Mapping

APP_ROLE = "meterhouse_app"
APPS_PREFIX = "meterhouse/apps/"
"""What the names of the secrets of installed apps begin with; functions make and delete these, not the deploy."""
CHANNELS_PREFIX = "meterhouse/channels/"
"""The same for notification channels."""


class ApplicationSecrets(Construct):
    """The database role of the functions, the first API key, and the pepper of API key hashes."""

    def __init__(self, scope: Construct, postgres_owner: secrets.ISecret) -> None:
        super().__init__(scope, "Secrets")
        stack = Stack.of(self)
        every = f"arn:{stack.partition}:secretsmanager:{stack.region}:{stack.account}:secret:"
        self.apps_prefix, self.channels_prefix = named(self, APPS_PREFIX), named(self, CHANNELS_PREFIX)
        self.of_apps, self.of_channels = f"{every}{self.apps_prefix}*", f"{every}{self.channels_prefix}*"
        self.app_role = self._generated(
            "AppRole",
            "Password of the database role the functions use; neither owner nor bypassing row level security",
            {"username": APP_ROLE},
            "password",
            "migrate_databases sets the role's password from this secret: a new value takes effect by a deploy, "
            "while rotation by itself would cut off warm functions",
        )
        self.bootstrap_api_key = self._generated(
            "BootstrapApiKey",
            "The first API key of the namespace `default`",
            {"namespace": "default", "name": "bootstrap"},
            "key",
            "An API key changes when its holder revokes it and asks issue_api_key for another",
        )
        self.pepper = self._generated(
            "ApiKeyPepper",
            "Keyed into the hash of every API key",
            {},
            "pepper",
            "rotate_pepper makes another when the operator asks; keys go on under the older one until they are used",
        )
        self.by_credential: Mapping[Credential, secrets.ISecret] = {
            Credential.API_KEY_PEPPER: self.pepper,
            Credential.BOOTSTRAP_API_KEY: self.bootstrap_api_key,
            Credential.POSTGRES_OWNER: postgres_owner,
        }

    def _generated(
        self, construct_id: str, description: str, template: Mapping[str, str], key: str, unrotated: str
    ) -> secrets.Secret:
        secret = secrets.Secret(
            self,
            construct_id,
            description=f"Meterhouse: {description}",
            generate_secret_string=secrets.SecretStringGenerator(
                secret_string_template=json.dumps(template),
                generate_string_key=key,
                password_length=43,
                exclude_punctuation=True,
                # The same again for ministack, which heeds only this one: a key must survive a shell and a header.
                exclude_characters=string.punctuation,
            ),
        )
        accept(secret, "SMG4", unrotated)
        return secret


def accept_secrets_of_callers(function: Construct, prefix: str) -> None:
    prefix = named(function, prefix)
    accept(
        function,
        f"IAM5[Resource::arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:{prefix}*]",
        "Callers bring credentials after the deploy, of each app and channel in a secret of its own",
    )
