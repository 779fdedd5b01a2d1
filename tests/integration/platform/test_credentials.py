import pytest

from meterhouse.kernel.errors import Conflict, InvalidInput
from meterhouse.platform.access import EVERYTHING
from meterhouse.platform.api_keys import new_key
from meterhouse.platform.credentials import Credential, Credentials
from meterhouse.platform.namespaces import all_namespaces
from meterhouse.platform.peppers import peppers_of
from meterhouse.platform.postgres import Database
from tests.peppers import one_pepper


@pytest.fixture
def credentials(database: Database) -> Credentials:
    return Credentials(database, one_pepper)


def test_a_registered_key_opens_its_namespace(credentials: Credentials, database: Database, namespace: str) -> None:
    key, new = new_key(), f"{namespace}-new"
    issued = credentials.register(new, "first", key)
    assert credentials.find(key) == issued == Credential(new, issued.key_id, frozenset({EVERYTHING}))
    assert new in all_namespaces(database)


def test_registering_a_key_again_changes_nothing(credentials: Credentials, namespace: str) -> None:
    key = new_key()
    assert credentials.register(namespace, "first", key) == credentials.register(namespace, "second", key)


@pytest.mark.parametrize("key", ["", "mh_unknown", "a\0b", "\ud800", "ä" * 1000])
def test_an_unknown_key_opens_nothing(credentials: Credentials, key: str) -> None:
    assert credentials.find(key) is None


def test_a_key_hashed_with_another_pepper_opens_nothing(
    credentials: Credentials, database: Database, namespace: str
) -> None:
    key = new_key()
    credentials.register(namespace, "first", key)
    assert Credentials(database, lambda _: peppers_of({"pepper": "other"})).find(key) is None


def test_a_key_of_one_namespace_cannot_be_registered_by_another(credentials: Credentials, namespace: str) -> None:
    key, other = new_key(), f"{namespace}-b"
    issued = credentials.register(namespace, "first", key)
    with pytest.raises(Conflict):
        credentials.register(other, "stolen", key)
    assert credentials.find(key) == issued


def test_the_key_itself_is_not_stored(credentials: Credentials, database: Database, namespace: str) -> None:
    key = new_key()
    credentials.register(namespace, "first", key)
    with database.transaction(namespace) as transaction:
        rows = transaction.fetch_all("SELECT s::text || k::text AS row FROM api_keys AS k, api_key_secrets AS s")
    (kept,) = (row["row"] for row in rows)
    assert key[: len("mh_") + 8] in kept
    assert key[: len("mh_") + 9] not in kept
    assert key[len("mh_") + 8 :] not in kept


@pytest.mark.parametrize("name", ["", "Upper", "with space", "-a", "a--b", "a" * 65, "a\n"])
def test_a_namespace_has_a_plain_name(credentials: Credentials, name: str) -> None:
    with pytest.raises(InvalidInput):
        credentials.register(name, "first", new_key())
