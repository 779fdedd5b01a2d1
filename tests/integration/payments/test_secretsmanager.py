"""Credentials of apps in the emulator's Secrets Manager."""

import pytest

from meterhouse.kernel.errors import InvariantBroken, Unavailable
from meterhouse.payments.secretsmanager import SecretsManager
from meterhouse.payments.secretsmanager_writer import SecretsManagerWriter

APP, ANOTHER = "01HZ0000000000000000000001", "01HZ0000000000000000000002"
pytestmark = pytest.mark.usefixtures("secrets_manager")


def test_what_was_kept_last_is_found_whatever_was_kept_before(namespace: str) -> None:
    for key in ("first", "second", "first"):
        SecretsManagerWriter().keep(namespace, APP, {"key": key})
        assert SecretsManager().of(namespace, APP) == {"key": key}


def test_every_app_of_every_namespace_has_its_own(namespace: str, other_namespace: str) -> None:
    SecretsManagerWriter().keep(namespace, APP, {"key": "ours"})
    for whose, app in ((namespace, ANOTHER), (other_namespace, APP)):
        with pytest.raises(InvariantBroken, match="no credentials"):
            SecretsManager().of(whose, app)


def test_what_is_forgotten_is_gone_and_may_be_forgotten_again(namespace: str) -> None:
    SecretsManagerWriter().keep(namespace, APP, {"key": "ours"})
    for _ in range(2):
        SecretsManagerWriter().forget(namespace, APP)
        with pytest.raises(InvariantBroken):
            SecretsManager().of(namespace, APP)


def test_a_store_that_does_not_answer_is_unavailable(namespace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for call in (
        lambda: SecretsManager().of(namespace, APP),
        lambda: SecretsManagerWriter().keep(namespace, APP, {}),
        lambda: SecretsManagerWriter().forget(namespace, APP),
    ):
        with pytest.raises(Unavailable):
            call()
