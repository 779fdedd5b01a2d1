"""Apps with somebody behind them: what a failure leaves, and where the key is."""

import pytest

from meterhouse.billing.profile import Party
from meterhouse.kernel.errors import InvariantBroken
from meterhouse.payments.secretsmanager import SecretsManager
from tests.integration.billing.given import PROFILES, problem_fields
from tests.integration.payments.given import APPS, LISTINGS, AppsApi

BY_KEY = f"{LISTINGS}/stripe/install/apikey"


def secret(api: AppsApi, app_id: str) -> str:
    return SecretsManager().of(api.run.namespace, app_id)["api_key"]


def test_the_account_of_the_key_is_installed_and_its_name_is_on_the_invoices(api: AppsApi) -> None:
    app = api.install_account("acct_1", name="Pay")
    assert (app["name"], app["stripeAccountId"], app["livemode"], app["maskedAPIKey"]) == (
        "Pay",
        "acct_1",
        False,
        "key/…",
    )
    assert (secret(api, app["id"]), api.somebody.connected) == ("key/acct_1", {app["id"]: "key/acct_1"})
    [default] = [one for one in api.ok("GET", PROFILES)["items"] if one["default"]]
    assert default["apps"]["payment"]["id"] == app["id"]
    assert (default["supplier"]["name"], default["supplier"]["addresses"]) == ("Acme", [{"country": "DE"}])


def test_installing_an_account_again_changes_its_key_alone(api: AppsApi) -> None:
    app = api.install_account("acct_1")
    again = api.install_account("acct_1#2", name="Another")
    assert (again["id"], again["name"], secret(api, app["id"])) == (app["id"], "Stripe", "key/acct_1#2")
    assert api.ok("GET", PROFILES)["totalCount"] == 2
    events = api.run.rows("SELECT type FROM outbox WHERE type LIKE 'app.%%' ORDER BY id")
    assert [row["type"] for row in events] == ["app.installed", "app.updated"]
    other = api.install_account("acct_2")
    assert (other["id"] != app["id"], secret(api, other["id"])) == (True, "key/acct_2")


def test_an_install_that_fails_leaves_nothing(api: AppsApi) -> None:
    body = {"apiKey": "key/acct_1"}
    api.somebody.is_down = True
    assert api("POST", BY_KEY, body)[0] == 503
    api.somebody.is_down = False
    # the profile is refused once credentials are written: all is taken back
    api.somebody.supplier = Party(name="Nowhere")
    assert api("POST", BY_KEY, body)[0] == 400
    status, answer = api("POST", BY_KEY, {"apiKey": "x", "name": "y"})
    assert (status, problem_fields(answer)) == (400, {"/apiKey": "unknown_key"})
    assert (api.ok("GET", APPS)["totalCount"], api.somebody.connected) == (1, {})
    api.somebody.supplier = None
    app = api.install_account()
    api.somebody.supplier = Party(name="Nowhere")
    assert api.install_account("acct_1#3")["id"] == app["id"]
    assert secret(api, app["id"]) == "key/acct_1#3"


def test_what_a_failed_install_wrote_is_deleted(api: AppsApi) -> None:
    app = api.install_account(createBillingProfile=False)
    api.ok("DELETE", f"{APPS}/{app['id']}")
    api.somebody.supplier = Party(name="Nowhere")
    assert api("POST", BY_KEY, {"apiKey": "key/acct_1"})[0] == 400
    with pytest.raises(InvariantBroken, match="no credentials"):
        secret(api, app["id"])


def test_another_key_of_the_same_account_takes_the_old_ones_place(api: AppsApi) -> None:
    app = api.install_account()
    change = {"type": "stripe", "name": "Stripe"}
    api.ok("PUT", f"{APPS}/{app['id']}", change | {"secretAPIKey": "key/acct_1#2"})
    assert secret(api, app["id"]) == "key/acct_1#2"
    status, answer = api("PUT", f"{APPS}/{app['id']}", change | {"secretAPIKey": "key/acct_2"})
    assert (status, problem_fields(answer)) == (400, {"/secretAPIKey": "another_account"})
    status, answer = api("PUT", f"{APPS}/{app['id']}", change | {"secretAPIKey": "nonsense"})
    assert (status, problem_fields(answer)) == (400, {"/secretAPIKey": "unknown_key"})
    api.ok("PUT", f"{APPS}/{app['id']}", change)
    assert secret(api, app["id"]) == "key/acct_1#2"


def test_an_uninstalled_account_has_no_credentials_and_may_be_installed_again(api: AppsApi) -> None:
    app = api.install_account(createBillingProfile=False)
    for _ in range(2):
        api.ok("DELETE", f"{APPS}/{app['id']}")
        with pytest.raises(InvariantBroken, match="no credentials"):
            secret(api, app["id"])
    assert api.somebody.connected == {}
    again = api.install_account(createBillingProfile=False)
    assert (again["id"], "deletedAt" in again, secret(api, app["id"])) == (app["id"], False, "key/acct_1")


def test_a_key_is_in_no_row_and_no_log(api: AppsApi, capfd: pytest.CaptureFixture[str]) -> None:
    app = api.install_account("acct_1#distinct")
    change = {"type": "stripe", "name": "S", "secretAPIKey": "key/acct_1#distinct"}
    api.ok("PUT", f"{APPS}/{app['id']}", change)
    for table in ("apps", "outbox", "billing_profiles", "customer_apps"):
        assert "distinct" not in str(api.run.rows(f"SELECT * FROM {table} WHERE namespace = %(namespace)s"))
    captured = capfd.readouterr()
    assert "distinct" not in captured.out + captured.err
