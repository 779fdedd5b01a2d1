"""The pepper changes while requests run: what was made under an older one still opens, until that is taken out."""

from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from functions.rotate_pepper import handler as rotating
from meterhouse.kernel.errors import Conflict, InvalidInput, Unavailable
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.platform import clock
from meterhouse.platform.access import EVERYTHING
from meterhouse.platform.api_key import ApiKeySpec
from meterhouse.platform.api_keys import new_key
from meterhouse.platform.credentials import Credentials
from meterhouse.platform.key_store import PostgresKeys
from meterhouse.platform.manage_keys import ApiKeys
from meterhouse.platform.peppers import READ_EVERY, ReadPeppers, peppers_of, secret_of
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.rotate_pepper import KEPT_AFTER, KNOWN_BEFORE, RotatePepper, keep_peppers
from meterhouse.portal.model import LONGEST_LIFE, TokenSpec
from meterhouse.portal.postgres import portal_store
from meterhouse.portal.presented import PresentedTokens
from meterhouse.portal.tokens import PortalTokens
from tests.integration.platform.aws_double import AwsDouble
from tests.peppers import one_pepper
from tests.unit.platform.requests import CONTEXT

NOW, MINUTE = datetime(2026, 3, 1, tzinfo=UTC), timedelta(minutes=1)


@dataclass
class Secret:
    """The kept secret, and how often it was read."""

    kept: Mapping[str, str] = field(default_factory=lambda: {"pepper": "first"})
    readings: int = 0
    is_there: bool = True

    def read(self) -> Mapping[str, str]:
        self.readings += 1
        if not self.is_there:
            raise Unavailable("nobody answers")
        return self.kept

    def keep(self, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        assert before == self.kept
        self.kept = after


@dataclass
class Town:
    """Processes that authorize and make keys, each with what it read of the secret and when; one clock."""

    settings: PostgresSettings
    namespace: str
    secret: Secret = field(default_factory=Secret)
    now: datetime = NOW
    open: list[Database] = field(default_factory=list)

    def database(self) -> Database:
        self.open.append(Database(lambda: self.settings))
        return self.open[-1]

    def door(self) -> Credentials:
        return Credentials(self.database(), ReadPeppers(self.secret.read), lambda: self.now)

    def maker(self) -> ApiKeys:
        return ApiKeys(begins(self.database(), PostgresKeys), ReadPeppers(self.secret.read), lambda: self.now)

    def rotation(self) -> RotatePepper:
        return RotatePepper(
            self.database(), self.secret.read, self.secret.keep, lambda: self.now, lambda _: [self.namespace]
        )

    def key(self, maker: ApiKeys) -> str:
        return maker.create(self.namespace, ApiKeySpec("k", "owner"), [EVERYTHING]).text

    def versions(self) -> list[int]:
        """Of the peppers of this namespace's secrets, in the order that these were made."""
        with self.open[0].transaction(self.namespace) as transaction:
            rows = transaction.fetch_all("SELECT pepper FROM api_key_secrets ORDER BY created_at, id")
        return [row["pepper"] for row in rows]


@pytest.fixture
def town(database: Database, database_settings: PostgresSettings, namespace: str) -> Iterator[Town]:
    town = Town(database_settings, namespace, open=[database])
    yield town
    for one in town.open[1:]:
        one.close()


@pytest.fixture
def first_key(aws_double: AwsDouble, namespace: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The key of the deploy."""
    key = new_key()
    aws_double.secrets["bootstrap"] = {"namespace": namespace, "name": "bootstrap", "key": key}
    monkeypatch.setenv("BOOTSTRAP_API_KEY_SECRET_ARN", "bootstrap")
    return key


def test_no_request_is_refused_while_the_pepper_changes_and_used_keys_are_hashed_anew(town: Town) -> None:
    doors, makers = [town.door() for _ in range(3)], [town.maker() for _ in range(3)]
    keys = [town.key(maker) for maker in makers]
    unused = town.key(makers[0])

    def opened(door: Credentials) -> list[bool]:
        return [door.find(key) is not None for key in [*keys, new_key()]]

    with ThreadPoolExecutor(len(doors)) as at_once:
        for minute in range(24):
            town.now += MINUTE
            if minute == 4:
                town.rotation().rotate(to=2)
            # each process reads the secret at a minute of its own, and two readings of each fail
            town.secret.is_there = minute not in range(5, 13)
            if minute % 4 == 0:
                keys.append(town.key(makers[minute % len(makers)]))
            awake = doors[: minute + 1]
            assert list(at_once.map(opened, awake)) == [[True] * len(keys) + [False]] * len(awake), minute
    assert Counter(town.versions()) == {1: 1, 2: len(keys)}
    assert doors[0].find(unused) is not None
    assert set(town.versions()) == {2}


def test_a_process_reads_the_peppers_every_five_minutes_however_many_keys_nobody_knows_come_by(town: Town) -> None:
    door = town.door()
    for _ in range(10):
        door.find(new_key())
        town.now += READ_EVERY / 10
        assert town.secret.readings == 1
    door.find(new_key())
    assert town.secret.readings == 2
    town.secret.is_there = False
    with pytest.raises(Unavailable):
        town.door().find(new_key())


def test_an_older_pepper_goes_once_its_portal_tokens_are_over_and_with_it_the_keys_that_one_gives_up(
    town: Town, first_key: str
) -> None:
    door, maker, rotation = town.door(), town.maker(), town.rotation()
    door.register(town.namespace, "bootstrap", first_key)
    used, unused, revoked = (town.key(maker) for _ in range(3))
    for closed in (first_key, revoked):
        found = door.find(closed)
        assert found is not None
        maker.revoke(town.namespace, found.key_id)
    for _ in range(2):
        rotation.rotate(to=2)
    with pytest.raises(InvalidInput):
        rotation.rotate(to=4)
    assert [use.secrets for use in rotation.uses()] == [2, 0]
    town.now += KNOWN_BEFORE
    assert door.find(used) is not None
    assert [use.secrets for use in rotation.uses()] == [1, 1]

    assert KEPT_AFTER >= LONGEST_LIFE
    town.now += KEPT_AFTER - MINUTE
    with pytest.raises(Conflict, match="30 days"):
        rotation.retire(1, closing=1)
    town.now += MINUTE
    with pytest.raises(Conflict, match="30 days"):
        rotation.retire(2, closing=2)
    with pytest.raises(Conflict, match="1 secrets"):
        rotation.retire(1, closing=0)
    for _ in range(2):
        rotation.retire(1, closing=1)
    door = town.door()
    assert [door.find(key) is not None for key in (used, unused, revoked, first_key)] == [True, False, False, False]
    with pytest.raises(Conflict):
        door.register(town.namespace, "bootstrap", first_key)  # as the next deploy does


def test_a_key_that_one_namespace_has_under_an_older_pepper_is_not_opened_in_another(
    town: Town, other_namespace: str
) -> None:
    key = new_key()
    made = town.door().register(town.namespace, "first", key)
    town.rotation().rotate(to=2)
    town.now += KNOWN_BEFORE
    door = town.door()
    with pytest.raises(Conflict):
        door.register(other_namespace, "stolen", key)
    assert door.find(key) == made


def test_a_portal_token_of_before_opens_and_one_of_after_too(town: Town) -> None:
    tokens = PortalTokens(begins(town.database(), portal_store), ReadPeppers(town.secret.read), lambda: town.now)
    presented = PresentedTokens(town.database(), ReadPeppers(town.secret.read), lambda: town.now)

    def made() -> str:
        return tokens.create(town.namespace, TokenSpec("ann", expires_at=town.now + LONGEST_LIFE)).text

    before = made()
    town.rotation().rotate(to=2)
    town.now += KNOWN_BEFORE
    after = made()
    assert [presented.find(text) is not None for text in (before, after, new_key("mhp_"))] == [True, True, False]
    town.now += LONGEST_LIFE - MINUTE
    assert [presented.find(text) is not None for text in (before, after)] == [False, True]


def test_an_operator_rotates_the_kept_secret_and_a_change_that_another_overtook_is_refused(
    deployment: AwsDouble, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment.secrets["pepper"] = {"pepper": "first"}
    Credentials(rotating.rotation._database, one_pepper).register(namespace, "key", new_key())
    found = rotating.handler({}, CONTEXT)["peppers"]
    assert [(one["version"], one["usedFrom"]) for one in found] == [(1, None)]
    assert found[0]["secrets"] > 0
    monkeypatch.setattr(rotating.rotation, "_namespaces", lambda _: [])  # one walk over all of them will do
    told = [rotating.handler(order, CONTEXT)["peppers"] for order in ({"to": 2}, {"to": 2}, {})]
    rotating.rotation._database.close()
    assert told[0] == told[1] == told[2]
    assert [one["version"] for one in told[0]] == [1, 2]
    assert told[0][1]["usedFrom"] > format_rfc3339(clock.now())
    second = deployment.secrets["pepper"]
    assert secret_of(peppers_of(second)) == second
    assert second["pepper"] == "first"
    with pytest.raises(Unavailable):
        keep_peppers({"pepper": "first"}, {"pepper": "first", "pepper_2": "another"})
    assert deployment.secrets["pepper"] == second
    for order, field_ in (({"to": "3"}, "/to"), ({"to": True}, "/to"), ({"retire": 1, "closing": -1}, "/closing")):
        with pytest.raises(InvalidInput) as refused:
            rotating.handler(order, CONTEXT)
        assert [fault.field for fault in refused.value.problems] == [field_]
