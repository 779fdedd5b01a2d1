"""Channels, rules and notifications over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from meterhouse.kernel.errors import InvariantBroken, Unavailable
from meterhouse.notifications.channel import Webhook
from meterhouse.notifications.channel_rules import ChannelSpec
from meterhouse.notifications.channel_secrets import ChannelSecrets
from meterhouse.notifications.channel_secrets_writer import ChannelSecretsWriter
from meterhouse.notifications.channels import ChannelService
from meterhouse.notifications.ports import NotificationsStore
from meterhouse.notifications.postgres import PostgresNotifications
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import begins
from meterhouse.platform.work import Work
from tests.integration.billing.given import UNKNOWN, problem_fields
from tests.integration.notifications.given import CHANNELS, EVENTS, HALF, RULES, Desk
from tests.integration.odd import odd_forms

ODD = [None, 10**400, "\ud800", "a\0", [None]]
SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ANOTHER = "whsec_" + "C2FVsBQIhrscChlQIMV9b5oRY0nLaLaS"
SLACK = "https://hooks.slack.test/services/T0/B0/x"
URL = "https://a.test/hook/token?key=b"
WEBHOOK = {"type": "WEBHOOK", "name": "ops", "url": URL}
RESET = {"type": "entitlements.reset", "name": "r"}


@pytest.mark.parametrize(
    ("given", "told", "hidden"),
    [
        (
            WEBHOOK | {"customHeaders": {"X-Team": "a"}, "signingSecret": SECRET, "metadata": {"a": "b"}},
            {
                "customHeaders": {"X-Team": "a"},
                "signingSecret": SECRET,
                "url": URL,
                "disabled": False,
            },
            {"customHeaders", "signingSecret", "url"},
        ),
        (
            {"type": "EMAIL", "name": "mail", "recipients": ["a@b.test", "c@d.test"], "disabled": True},
            {"recipients": ["a@b.test", "c@d.test"], "url": "mailto:a@b.test,c@d.test", "disabled": True},
            set(),
        ),
        ({"type": "SLACK", "name": "slack", "url": SLACK}, {"url": SLACK}, {"url"}),
    ],
    ids=["webhook", "email", "slack"],
)
def test_a_channel_is_shown_as_it_was_made_and_lists_keep_its_credentials_back(
    desk: Desk, given: dict[str, object], told: dict[str, object], hidden: set[str]
) -> None:
    made = desk.channel(**given) if given["type"] == "WEBHOOK" else desk.ok("POST", CHANNELS, given)
    assert {name: made[name] for name in (*given, *told)} == given | told
    assert desk.ok("GET", f"{CHANNELS}/{made['id']}") == made
    [listed] = desk.ok("GET", CHANNELS, query="includeDisabled=true")["items"]
    assert {name for name, value in made.items() if listed.get(name) != value} == hidden
    [kept] = desk.run.rows("SELECT to_jsonb(c)::text AS row FROM notification_channels c")
    assert not [one for one in (SECRET, SLACK, "X-Team", "token", "key=b") if one in kept["row"]]


@pytest.mark.parametrize(
    "given", [WEBHOOK | {"customHeaders": {"X-A": "1"}}, {"type": "SLACK", "name": "s", "url": SLACK}]
)
def test_what_is_kept_for_a_repeat_holds_no_credentials(desk: Desk, given: dict[str, object]) -> None:
    (_, first), (status, again) = (desk("POST", CHANNELS, given, key="once") for _ in range(2))
    assert (status, again["id"], "signingSecret" in again) == (201, first["id"], False)
    assert again["url"] == ("" if given["type"] == "SLACK" else "https://a.test/…")
    assert desk.ok("GET", f"{CHANNELS}/{first['id']}") == first


def test_a_secret_is_made_kept_and_rotated(desk: Desk) -> None:
    made = desk.channel(customHeaders={"X-A": "1"})
    first, path = made["signingSecret"], f"{CHANNELS}/{made['id']}"
    assert first.startswith("whsec_")
    assert desk.ok("PUT", path, WEBHOOK)["signingSecret"] == first
    changed = desk.ok("PUT", path, WEBHOOK | {"signingSecret": SECRET, "name": "new"})
    assert (changed["signingSecret"], changed["name"], "customHeaders" in changed) == (SECRET, "new", False)
    kept = ChannelSecrets().of(desk.run.namespace, made["id"])
    assert kept.signing_secrets(desk.run.now) == (SECRET, first)
    assert kept.signing_secrets(kept.previous_until or desk.run.now) == (SECRET,)
    rotated = desk.ok("POST", f"{path}/rotate-secret", {})["signingSecret"]
    assert rotated not in {first, SECRET}
    assert ChannelSecrets().of(desk.run.namespace, made["id"]).signing_secrets(desk.run.now) == (rotated, SECRET)
    assert desk.ok("POST", f"{path}/rotate-secret", {"signingSecret": first})["signingSecret"] == first
    slack = desk.channel(type="SLACK", url=SLACK)
    for channel, secret, faults in (
        (made, "A" * 33, {"/signingSecret": "signing_secret"}),
        (made, "short", {"/signingSecret": "string_pattern_mismatch"}),
        (slack, SECRET, {"": "channel_type"}),
    ):
        asked = {"signingSecret": secret}
        status, problem = desk("POST", f"{CHANNELS}/{channel['id']}/rotate-secret", asked)
        assert (status, problem_fields(problem)) == (400, faults)


@pytest.mark.parametrize("saved", [True, False], ids=["its answer is lost", "it fails"])
def test_where_a_commit_fails_the_credentials_are_those_of_the_row(desk: Desk, *, saved: bool) -> None:
    begin, ids = begins(desk.run.database, PostgresNotifications), iter(["made"])

    @contextmanager
    def broken(namespace: str) -> Iterator[Work[NotificationsStore]]:
        with begin(namespace) as work:
            yield work
            if not saved and broken_once:
                broken_once.pop()
                raise Unavailable("the database asks to try again")
        if broken_once:
            broken_once.pop()
            raise Unavailable("the database asks to try again")

    broken_once = [True]
    secrets, keeper = ChannelSecrets(), ChannelSecretsWriter()
    later = desk.run.database.otherwise
    service = ChannelService(broken, secrets, keeper, later, now=desk.now, new_id=lambda: next(ids, None) or new_id())
    asked, namespace = (
        ChannelSpec("ops", Webhook("https://a.test"), signing_secret=SECRET, url="https://a.test"),
        desk.run.namespace,
    )
    with pytest.raises(Unavailable):
        service.create(namespace, asked)
    if saved:
        assert secrets.of(namespace, "made").signing_secret == SECRET
    else:
        with pytest.raises(InvariantBroken):
            secrets.of(namespace, "made")
    made = desk.channel(signingSecret=SECRET)["id"]
    desk.run.now = desk.run.now.replace(year=2030)
    broken_once.append(True)
    with pytest.raises(Unavailable):
        service.rotate(namespace, made, ANOTHER)
    valid = (ANOTHER, SECRET) if saved else (SECRET,)
    assert secrets.of(namespace, made).signing_secrets(desk.run.now) == valid


def test_where_a_keyed_request_is_not_kept_the_credentials_are_those_of_the_row(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, secrets = desk.channel(signingSecret=SECRET)["id"], ChannelSecrets()

    def unfit(_body: str) -> str:
        raise Unavailable("the answer cannot be kept")

    with monkeypatch.context() as patch:
        patch.setattr("tests.integration.notifications.given.without_credentials", unfit)
        assert desk("POST", f"{CHANNELS}/{made}/rotate-secret", {"signingSecret": ANOTHER}, key="once")[0] == 503
    assert secrets.of(desk.run.namespace, made).signing_secrets(desk.run.now) == (SECRET,)
    desk.ok("POST", f"{CHANNELS}/{made}/rotate-secret", {"signingSecret": ANOTHER})
    assert secrets.of(desk.run.namespace, made).signing_secrets(desk.run.now) == (ANOTHER, SECRET)


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        (WEBHOOK | {"url": "http://a.test"}, {"/url": "url_scheme"}),
        (WEBHOOK | {"url": "https://[a"}, {"/url": "url"}),
        (
            WEBHOOK | {"url": "https://10.0.0.1", "customHeaders": {"Host": "x"}, "signingSecret": "A" * 33},
            {"/url": "url_address", "/customHeaders/Host": "header_reserved", "/signingSecret": "signing_secret"},
        ),
        (
            WEBHOOK | {"signingSecret": "short", "name": ""},
            {"/signingSecret": "string_pattern_mismatch", "/name": "string_too_short"},
        ),
        (
            {"type": "EMAIL", "name": "m", "recipients": ["a@b.test", "a@b.test", "x y"]},
            {"/recipients/1": "recipient_twice", "/recipients/2": "email_address"},
        ),
        ({"type": "EMAIL", "name": "m", "recipients": []}, {"/recipients": "too_short"}),
        ({"type": "SLACK", "name": "s", "url": "https://127.0.0.1"}, {"/url": "url_address"}),
        ({"type": "PAGER", "name": "s"}, {"": "union_tag_invalid"}),
    ],
)
def test_faults_of_a_channel_are_named_all_at_once(desk: Desk, given: object, faults: dict[str, str]) -> None:
    status, answer = desk("POST", CHANNELS, given)
    assert (status, problem_fields(answer)) == (400, faults)
    assert desk.run.rows("SELECT FROM notification_channels") == []


def test_a_channel_that_a_rule_names_is_not_deleted(desk: Desk) -> None:
    channel = desk.channel()
    rule = desk.rule("entitlements.reset", channel)
    path = f"{CHANNELS}/{channel['id']}"
    status, answer = desk("DELETE", path)
    assert (status, answer["code"], rule["id"] in str(answer)) == (409, "channel_in_use", True)
    desk.ok("DELETE", f"{RULES}/{rule['id']}")
    for _ in range(2):
        desk.ok("DELETE", path)
        desk.ok("DELETE", f"{RULES}/{rule['id']}")
    gone = desk.ok("GET", path)
    assert (bool(gone["deletedAt"]), "signingSecret" in gone) == (True, False)
    assert [
        desk("PUT", path, WEBHOOK)[0],
        desk("PUT", f"{RULES}/{rule['id']}", RESET | {"channels": [UNKNOWN]})[0],
    ] == [404] * 2
    assert desk.ok("GET", CHANNELS)["totalCount"] == desk.ok("GET", RULES)["totalCount"] == 0
    assert desk.ok("GET", CHANNELS, query="includeDeleted=true")["totalCount"] == 1
    assert desk.ok("GET", RULES, query="includeDeleted=true")["items"][0]["deletedAt"]


@pytest.mark.parametrize("path", [f"{CHANNELS}/{UNKNOWN}", f"{RULES}/{UNKNOWN}", f"{EVENTS}/{UNKNOWN}"])
def test_what_is_not_there_is_not_found(desk: Desk, path: str) -> None:
    assert desk("GET", path)[0] == 404
    if not path.startswith(EVENTS):
        assert desk("DELETE", path)[0] == 404
        assert desk("GET", path.replace(UNKNOWN, "no-id"))[0] == 400


def test_a_rule_is_changed_but_stays_of_its_type_and_lists_are_filtered(desk: Desk) -> None:
    one, other = desk.channel(), desk.channel(name="other")
    low = desk.rule("entitlements.balance.threshold", one, other, features=["usage"], metadata={"a": "b"})
    reset = desk.rule("entitlements.reset", other)
    feature = low["features"][0]
    assert (feature["key"], low["thresholds"]) == ("usage", HALF)
    assert low["channels"] == [{"id": channel["id"], "type": "WEBHOOK"} for channel in (one, other)]
    path = f"{RULES}/{low['id']}"
    body = {"type": low["type"], "name": "n", "channels": [one["id"]], "disabled": True, "features": [feature["id"]]}
    desk.run.now = desk.run.now.replace(year=2030)
    changed = desk.ok("PUT", path, body | {"thresholds": [{"type": "NUMBER", "value": 0.5}]})
    assert (changed["disabled"], changed["features"], "metadata" in changed) == (True, [feature], False)
    assert desk.ok("GET", path) == changed
    status, answer = desk("PUT", path, RESET | {"channels": [one["id"]]})
    assert (status, problem_fields(answer)) == (400, {"/type": "rule_type"})

    def found(query: str) -> list[str]:
        return [rule["id"] for rule in desk.ok("GET", RULES, query=query)["items"]]

    every = "includeDisabled=true&orderBy=updatedAt"
    assert found("") == [reset["id"]]
    assert found(every) == [reset["id"], low["id"]]
    assert found(f"{every}&order=DESC&pageSize=1&page=2") == [reset["id"]]
    for query in ("feature=usage", f"feature={feature['id']}&feature=other", f"channel={one['id']}"):
        assert found(f"includeDisabled=true&{query}") == [low["id"]]


def test_faults_of_a_rule_are_named_all_at_once(desk: Desk) -> None:
    channel = desk.channel()["id"]
    low = {"type": "entitlements.balance.threshold", "name": "n", "thresholds": HALF, "channels": [channel]}
    twice = [*HALF, {"type": "PERCENT", "value": 50}]
    for given, faults in [
        (
            low
            | {"channels": [UNKNOWN, channel, channel], "features": ["none", "usage", "usage"], "thresholds": twice},
            {
                "/channels/0": "channel_not_found",
                "/channels/2": "channel_twice",
                "/features/0": "feature_not_found",
                "/features/2": "feature_twice",
                "/thresholds/1": "threshold_twice",
            },
        ),
        (low | {"channels": [], "thresholds": []}, {"/channels": "too_short", "/thresholds": "too_short"}),
        (
            low | {"channels": [channel] * 6, "thresholds": HALF * 11},
            {"/channels": "too_long", "/thresholds": "too_long"},
        ),
        (low | {"thresholds": [{"type": "usage_value", "value": -1}]}, {"/thresholds/0/value": "greater_than_equal"}),
        (RESET | {"channels": [channel], "thresholds": HALF}, {"/thresholds": "extra_forbidden"}),
    ]:
        status, answer = desk("POST", RULES, given)
        assert (status, problem_fields(answer)) == (400, faults)


def test_nothing_odd_in_a_document_is_a_fault_of_ours(desk: Desk) -> None:
    channel = desk.channel()["id"]
    whole = WEBHOOK | {"customHeaders": {"X-A": "b"}, "signingSecret": SECRET, "metadata": {"a": "b"}}
    rule = {"type": "entitlements.balance.threshold", "name": "n", "thresholds": HALF, "features": ["usage"]}
    rule |= {"channels": [channel]}
    for path, document in ((CHANNELS, whole), (RULES, rule), (f"{EVENTS}/{UNKNOWN}/resend", {"channels": [channel]})):
        statuses = {place: desk("POST", path, odd)[0] for place, odd in odd_forms(document, ODD)}
        assert {place: status for place, status in statuses.items() if status not in {201, 400, 404}} == {}


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("entitlements.balance.threshold", "threshold"),
        ("entitlements.reset", "value"),
        ("invoice.created", "number"),
        ("invoice.updated", "totals"),
    ],
)
def test_a_rule_is_tried_out_by_a_real_event(desk: Desk, kind: str, part: str) -> None:
    rule = desk.rule(kind, desk.channel())
    tried = desk.ok("POST", f"{RULES}/{rule['id']}/test")
    assert (tried["type"], tried["rule"], tried["annotations"]) == (kind, rule, {"test": True})
    assert (tried["payload"]["id"], tried["payload"]["type"], part in tried["payload"]["data"]) == (
        tried["id"],
        kind,
        True,
    )
    assert [one["state"] for one in tried["deliveryStatus"]] == ["PENDING"]
    assert desk.ok("GET", f"{EVENTS}/{tried['id']}") == tried
    [due] = desk.outbox("notification.due")
    assert due["data"]["notificationId"] == tried["id"]


def test_events_are_filtered_and_sent_once_more_by_open_channels(desk: Desk) -> None:
    one, shut = desk.channel(), desk.channel(name="shut", disabled=True)
    rule, other = desk.rule("entitlements.reset", one, shut), desk.rule("invoice.created", one)
    first = desk.ok("POST", f"{RULES}/{rule['id']}/test")
    desk.run.now = desk.run.now.replace(year=2030)
    second = desk.ok("POST", f"{RULES}/{other['id']}/test")
    for query, found in {
        "": [first, second],
        "order=DESC": [second, first],
        "pageSize=1&page=2&orderBy=id": [second],
        "from=2029-01-01T00:00:00Z": [second],
        "to=2029-01-01T00:00:00Z": [first],
        f"rule={rule['id']}": [first],
        f"channel={shut['id']}": [first],
        f"channel={one['id']}&delivery=PENDING": [first, second],
        "delivery=FAILED": [first],
        "delivery=SUCCESS": [],
        "feature=nothing": [],
        "subject=nobody": [],
    }.items():
        assert [event["id"] for event in desk.events(query)] == [event["id"] for event in found], query

    path = f"{EVENTS}/{first['id']}/resend"
    assert desk("POST", path, {})[0] == 202
    states = {
        status["channel"]["id"]: status["state"] for status in desk.events(f"rule={rule['id']}")[0]["deliveryStatus"]
    }
    assert states == {one["id"]: "PENDING", shut["id"]: "FAILED"}
    assert len(desk.outbox("notification.due")) == 3
    status, answer = desk("POST", path, {"channels": [UNKNOWN, shut["id"]]})
    assert (status, problem_fields(answer)) == (
        400,
        {"/channels/0": "channel_not_of_event", "/channels/1": "channel_closed"},
    )
    desk.ok("PUT", f"{CHANNELS}/{shut['id']}", WEBHOOK)
    assert desk("POST", path, {"channels": [shut["id"]]})[0] == 202
    statuses = desk.ok("GET", f"{EVENTS}/{first['id']}")["deliveryStatus"]
    assert {one["channel"]["id"]: (one["state"], "nextAttempt" in one) for one in statuses}[shut["id"]] == (
        "RESENDING",
        True,
    )
    assert desk("POST", path.replace(first["id"], UNKNOWN), {})[0] == 404


def test_nobody_sees_what_is_another_namespaces(desk: Desk, other_namespace: str) -> None:
    channel, rule = desk.channel(), desk.rule("entitlements.reset")
    told = desk.ok("POST", f"{RULES}/{rule['id']}/test")
    for path in (f"{CHANNELS}/{channel['id']}", f"{RULES}/{rule['id']}", f"{EVENTS}/{told['id']}"):
        assert desk("GET", path, namespace=other_namespace)[0] == 404
    for path in (CHANNELS, RULES, EVENTS):
        assert desk("GET", path, namespace=other_namespace)[1]["totalCount"] == 0
