"""Context flags: every fault is named at once, before anything is synthesised."""

import pytest

from infra.flags import ContextError
from infra.profiles import PROFILES
from infra.settings import AwsStores, ClickHouseCloud, ClickHouseNode, ExternalStores, read_settings
from tests.infra.templates import EVERY_OPTION, LOCAL_CONTEXT


def faults(**context: object) -> tuple[str, ...]:
    with pytest.raises(ContextError) as caught:
        read_settings(context)
    return caught.value.faults


def test_without_flags_the_target_is_aws_with_our_own_clickhouse_node() -> None:
    settings = read_settings({})

    assert settings.target == "aws"
    assert isinstance(settings.stores, AwsStores)
    assert not isinstance(settings.stores.clickhouse, ClickHouseCloud)


def test_flags_of_the_cdk_itself_are_left_alone() -> None:
    assert read_settings({"@aws-cdk/aws-iam:minimizePolicies": True, "aws:cdk:version": "2"}).target == "aws"


def test_local_target_reads_the_endpoints_it_is_given() -> None:
    stores = read_settings(LOCAL_CONTEXT).stores

    assert isinstance(stores, ExternalStores)
    assert stores.kafka_bootstrap_servers == "127.0.0.1:9092"


def test_an_unknown_target_is_refused() -> None:
    assert any(fault.startswith("target is 'azure'") for fault in faults(target="azure"))


def test_every_missing_endpoint_is_named_at_once() -> None:
    found = faults(target="local", clickhouseUrl="http://127.0.0.1:8123")

    assert "kafkaBootstrapServers is missing" in found
    assert "postgresHost is missing" in found
    assert not any(fault.startswith("clickhouseUrl") for fault in found)


def test_a_misspelt_flag_is_refused() -> None:
    assert any(fault.startswith("auroraMaxAcus is unknown") for fault in faults(auroraMaxAcus="4"))


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        *(("auroraMaxAcu", "many"), ("auroraMaxAcu", "300"), ("kafkaBrokers", "1"), ("kafkaVolumeGib", "1.5")),
        *(("kafkaBrokers", "4"), ("endpointZones", "4"), ("pace", "day"), ("profile", "huge"), ("environment", "qa")),
    ],
)
def test_a_size_or_a_word_out_of_range_is_refused(flag: str, value: str) -> None:
    assert any(fault.startswith(flag) for fault in faults(**{flag: value}))


def test_clickhouse_cloud_needs_its_link_its_host_and_its_secret() -> None:
    assert set(faults(clickhouse="cloud")) == {
        "clickhousePrivateLinkService is missing",
        "clickhouseHost is missing",
        "clickhouseSecret is missing",
    }


def test_a_domain_needs_a_certificate() -> None:
    assert faults(domainName="usage.example.com") == ("domainName and certificateArn go together",)


def test_the_invoice_schedule_can_be_switched_off() -> None:
    assert read_settings({"invoiceSchedule": "off"}).application.invoice_schedule is None
    assert read_settings(EVERY_OPTION).application.invoice_schedule == "cron(5 * * * ? *)"


def test_events_are_kept_for_ever_unless_days_are_given() -> None:
    assert read_settings({}).application.events_retention_days is None
    assert read_settings(EVERY_OPTION).application.events_retention_days == 400


@pytest.mark.parametrize("value", ["0", "-3", "1.5", "a year", "36501"])
def test_a_retention_that_is_no_whole_number_of_days_is_refused(value: str) -> None:
    assert any(fault.startswith("eventsRetentionDays is") for fault in faults(eventsRetentionDays=value))


def test_thresholds_are_the_workers_own_unless_percentages_are_given() -> None:
    assert read_settings({}).application.balance_thresholds is None
    assert read_settings(EVERY_OPTION).application.balance_thresholds == "80, 100"


@pytest.mark.parametrize("value", ["0", "-3", "50,", "half"])
def test_thresholds_that_are_no_percentages_are_refused(value: str) -> None:
    assert any(fault.startswith("balanceThresholds is") for fault in faults(balanceThresholds=value))


def test_who_does_not_pay_is_asked_again_as_the_code_says_unless_days_are_given() -> None:
    given = read_settings({}).application
    assert (given.dunning_retry_days, given.dunning_give_up_days) == (None, None)
    given = read_settings(EVERY_OPTION).application
    assert (given.dunning_retry_days, given.dunning_give_up_days) == ("2, 4", 14)


@pytest.mark.parametrize("value", ["-1", "1,", "1.5", "soon"])
def test_days_of_dunning_that_are_none_are_refused(value: str) -> None:
    assert any(fault.startswith("dunningRetryDays is") for fault in faults(dunningRetryDays=value))
    assert any(fault.startswith("dunningGiveUpDays is") for fault in faults(dunningGiveUpDays=value))


def test_no_namespace_s_billing_is_locked_unless_it_is_named() -> None:
    assert read_settings({}).application.billing_locked_namespaces is None
    assert read_settings(EVERY_OPTION).application.billing_locked_namespaces == "acme, old-house"


@pytest.mark.parametrize("value", ["Acme", "acme;other", "acme,", ",", "a b", "-acme", "a," * 1000 + "a"])
def test_what_names_no_namespaces_to_lock_is_refused(value: str) -> None:
    assert any(fault.startswith("billingLockedNamespaces ") for fault in faults(billingLockedNamespaces=value))


def test_lines_of_an_invoice_are_as_many_as_the_code_says_unless_a_number_is_given() -> None:
    assert read_settings({}).application.max_lines_per_collected_invoice is None
    assert read_settings(EVERY_OPTION).application.max_lines_per_collected_invoice == 250


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many", "100001"])
def test_a_number_of_lines_that_is_none_is_refused(value: str) -> None:
    given = faults(maxLinesPerCollectedInvoice=value)
    assert any(fault.startswith("maxLinesPerCollectedInvoice is") for fault in given)


def test_every_profile_names_each_size() -> None:
    named = {
        name: set(profile) - {"sinkMaxPollers", "balanceWorkers", "eventsRetentionDays"}
        for name, profile in PROFILES.items()
    }

    assert named["small"] == named["standard"] == named["large"]


@pytest.mark.parametrize(
    ("profile", "flag", "value", "minimum", "maximum"),
    [
        ("small", "auroraMaxAcu", "16", 0, 16),
        ("small", "auroraMinAcu", "4", 4, 4),
        ("large", "auroraMinAcu", "1", 1, 64),
    ],
)
def test_a_flag_beside_a_profile_wins_and_what_it_contradicts_gives_way(
    profile: str, flag: str, value: str, minimum: float, maximum: float
) -> None:
    stores = read_settings({"profile": profile, flag: value}).stores

    assert isinstance(stores, AwsStores)
    assert (stores.aurora_min_acu, stores.aurora_max_acu) == (minimum, maximum)
    assert isinstance(stores.clickhouse, ClickHouseNode)
    assert stores.clickhouse.instance_type == PROFILES[profile]["clickhouseInstanceType"]


OIDC = {"oidcIssuer": "https://login.example.com", "oidcAudience": "meterhouse, console", "oidcNamespace": "default"}


def test_people_are_let_in_by_the_flags_that_say_whose_tokens() -> None:
    assert read_settings({}).application.oidc is None
    read = read_settings(OIDC).application.oidc
    assert read is not None
    assert read.environment() == {
        "OIDC_ISSUER": "https://login.example.com",
        "OIDC_AUDIENCES": "meterhouse,console",
        "OIDC_ROLE_CLAIM": "meterhouse_role",
        "OIDC_NAMESPACE": "default",
    }


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"oidcIssuer": "http://127.0.0.1:8080"}, "oidcIssuer is"),
        ({"oidcIssuer": "https://login.example.com?realm=ours"}, "oidcIssuer is"),
        ({"oidcAudience": " , "}, "oidcAudience is missing"),
        ({"oidcNamespaceClaim": "org"}, "either oidcNamespace or oidcNamespaceClaim"),
        ({"oidcNamespace": "Not Plain"}, "oidcNamespace is"),
        ({"oidcIssuer": ""}, "go with oidcIssuer"),
    ],
)
def test_flags_of_people_that_let_in_the_wrong_ones_are_refused(changed: dict[str, str], fault: str) -> None:
    with pytest.raises(ContextError, match=fault):
        read_settings({**OIDC, **changed})
