"""Every function is deployed, alone with its role and logs, and carries exactly what its handler imports."""

import ast
from pathlib import Path

import pytest

from infra.function_spec import FunctionSpec
from infra.functions import FUNCTIONS as SPECS
from tests.infra.templates import FUNCTIONS, Synthesis, role_of

HANDLERS = sorted(path.parent.name for path in FUNCTIONS.glob("*/handler.py"))
OF_CALLERS = {"secretsmanager": "apps", "channel_secrets": "channels"}
"""Who reads secrets that callers bring, and what their names begin with."""
WITHOUT_LAYER = {"eventbridge", "stepfunctions", "stripe_connector", "s3", "s3_archive", "https", "ses", *OF_CALLERS}
WITHOUT_LAYER |= {"s3_archive_eraser"} | {f"{name}_writer" for name in OF_CALLERS}
TECHNOLOGIES = {"postgres", "clickhouse", "kafka", "genai", "pdf", "stripe", "oidc"} | WITHOUT_LAYER
VARIABLES = {
    "postgres": {
        "POSTGRES_HOST",
        "POSTGRES_PORT",
        "POSTGRES_DATABASE",
        "POSTGRES_SSLMODE",
        "POSTGRES_SECRET_ARN",
    },
    "clickhouse": {"CLICKHOUSE_URL", "CLICKHOUSE_DATABASE", "CLICKHOUSE_SECRET_ARN"},
    "kafka": {
        "KAFKA_BOOTSTRAP_SERVERS",
        "KAFKA_SECURITY_PROTOCOL",
        "KAFKA_SECRET_ARN",
        "KAFKA_EVENTS_TOPIC",
        "KAFKA_DEAD_LETTER_TOPIC",
        "KAFKA_CONSUMER_GROUP",
    },
    "eventbridge": {"EVENT_BUS_NAME"},
    "genai": set(),
    "stepfunctions": set(),
    "secretsmanager": {"APP_SECRETS_PREFIX"},
    "secretsmanager_writer": {"APP_SECRETS_PREFIX"},
    "channel_secrets": {"CHANNEL_SECRETS_PREFIX"},
    "channel_secrets_writer": {"CHANNEL_SECRETS_PREFIX"},
    "https": set(),
    "ses": set(),
    "stripe": set[str](),
    "stripe_connector": {"API_URL"},
    "s3": {"INVOICE_DOCUMENTS_BUCKET"},
    "s3_archive": {"ARCHIVE_BUCKET"},
    "s3_archive_eraser": {"ARCHIVE_BUCKET"},
    "pdf": set(),
    "oidc": set(),
}
LIMITED = {spec.name for spec in SPECS if spec.is_limited}
"""Whose edge counts requests: what it needs for that comes with the routes."""
OF_FLAGS = {
    "migrate_databases": {"KAFKA_PARTITIONS"},
    "forget_notifications": {"AUDIT_RETENTION_YEARS"},
    "list_customer_batches": {"INVOICE_RUN_BATCH_SIZE", "INVOICE_RUN_PAGE_SIZE"},
}
"""What flags with a default, and constants of the app, tell a function."""
STARTED = {
    "manage_backtests": "BACKTEST_WORKFLOW_ARN",
    **dict.fromkeys(("advance_invoices", "bill_customers"), "INVOICE_LIFECYCLE_WORKFLOW_ARN"),
}
"""The workflow that a function starts."""
ALWAYS = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "METERHOUSE_CAPABILITY", "LOG_LEVEL"}
CREDENTIALS = {
    "authorize_request": {"API_KEY_PEPPER_SECRET_ARN"},
    "issue_api_key": {"API_KEY_PEPPER_SECRET_ARN"},
    "manage_keys": {"API_KEY_PEPPER_SECRET_ARN"},
    "manage_portal_tokens": {"API_KEY_PEPPER_SECRET_ARN"},
    "rotate_pepper": {"API_KEY_PEPPER_SECRET_ARN", "BOOTSTRAP_API_KEY_SECRET_ARN"},
    "migrate_databases": {
        "API_KEY_PEPPER_SECRET_ARN",
        "BOOTSTRAP_API_KEY_SECRET_ARN",
        "POSTGRES_OWNER_SECRET_ARN",
    },
}


def imported_technologies(handler: Path) -> set[str]:
    """Technologies named by the modules of meterhouse that a handler imports itself."""
    words: set[str] = set()
    for node in ast.walk(ast.parse(handler.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("meterhouse"):
            words |= {*node.module.split("."), *(alias.name for alias in node.names)}
        elif isinstance(node, ast.Import):
            words |= {word for alias in node.names for word in alias.name.split(".")}
    return words & TECHNOLOGIES


def test_every_folder_is_deployed_and_every_deployed_function_has_a_folder(target: Synthesis) -> None:
    assert sorted(target.functions()) == HANDLERS


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_declared_technologies_are_those_the_handler_imports(spec: FunctionSpec) -> None:
    declared = {technology.value for technology in spec.technologies}

    assert declared == imported_technologies(FUNCTIONS / spec.name / "handler.py")


@pytest.mark.parametrize("name", HANDLERS)
def test_layers_are_those_of_the_imported_technologies(aws: Synthesis, name: str) -> None:
    layers = {
        aws.application[layer["Ref"]]["Properties"]["Description"].removeprefix("Meterhouse: ")
        for layer in aws.functions()[name]["Layers"]
    }

    adapters = imported_technologies(FUNCTIONS / name / "handler.py") - WITHOUT_LAYER
    assert layers == {"core", "meterhouse", *("payments" if name == "stripe" else name for name in adapters)}


@pytest.mark.parametrize("name", HANDLERS)
def test_environment_is_that_of_the_imported_technologies(aws: Synthesis, name: str) -> None:
    used = imported_technologies(FUNCTIONS / name / "handler.py")
    named = {*CREDENTIALS.get(name, ()), *OF_FLAGS.get(name, ()), *([STARTED[name]] if "stepfunctions" in used else ())}
    limited = {"LIMITS_TABLE"} if name in LIMITED else set[str]()
    expected = ALWAYS.union(limited, named, *(VARIABLES[technology] for technology in used))

    assert set(aws.functions()[name]["Environment"]["Variables"]) == expected


@pytest.mark.parametrize("name", HANDLERS)
def test_a_function_reads_the_secrets_its_environment_names_and_no_other(aws: Synthesis, name: str) -> None:
    function = aws.functions()[name]
    variables = function["Environment"]["Variables"]
    named = {str(value) for key, value in variables.items() if key.endswith("_SECRET_ARN")}

    granted = {
        str(resource)
        for statement in aws.statements(role_of(function))
        if statement["Action"] == "secretsmanager:GetSecretValue"
        for resource in (statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]])
    }
    of_callers = {resource for resource in granted if ":secret:meterhouse/" in resource}
    assert granted - of_callers == named
    expected = {OF_CALLERS[one] for one in OF_CALLERS.keys() & imported_technologies(FUNCTIONS / name / "handler.py")}
    assert {resource.partition(":secret:meterhouse/")[2].partition("/*")[0] for resource in of_callers} == expected


def test_only_who_installs_apps_makes_channels_or_rotates_the_pepper_may_write_such_secrets(
    target: Synthesis,
) -> None:
    written = {
        name: str(s["Resource"])
        for name, function in target.functions().items()
        for s in target.statements(role_of(function))
        if "secretsmanager:PutSecretValue" in s["Action"]
    }

    assert set(written) == {"manage_apps", "manage_notifications", "rotate_pepper"}
    assert "ApiKeyPepper" in written["rotate_pepper"]
    assert written["manage_apps"].endswith(":secret:meterhouse/apps/*']]}")
    assert written["manage_notifications"].endswith(":secret:meterhouse/channels/*']]}")


def test_who_has_routes_that_ask_for_a_key_counts_their_requests_and_nobody_else(target: Synthesis) -> None:
    table = target.one("AWS::DynamoDB::Table")["Properties"]
    allowed = {
        name
        for name, function in target.functions().items()
        for s in target.statements(role_of(function))
        if "dynamodb:UpdateItem" in s["Action"]
    }

    assert allowed == LIMITED
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def test_only_the_relay_may_put_events_on_the_bus(target: Synthesis) -> None:
    allowed = {
        name
        for name, function in target.functions().items()
        if any("events:PutEvents" in s["Action"] for s in target.statements(role_of(function)))
    }

    assert allowed == {"relay_outbox"}


def test_who_starts_a_workflow_may_start_that_one_alone(target: Synthesis) -> None:
    started = {
        name: str(s["Resource"])
        for name, function in target.functions().items()
        for s in target.statements(role_of(function))
        if "states:StartExecution" in s["Action"]
    }

    workflows = {name: variable.removesuffix("_WORKFLOW_ARN").lower() for name, variable in STARTED.items()}
    assert set(started) == set(workflows)
    for name, workflow in workflows.items():
        assert started[name].endswith(f":stateMachine:meterhouse-{workflow}']]}}")


def test_every_function_has_a_role_and_a_log_group_of_its_own(target: Synthesis) -> None:
    functions = target.functions()

    roles = {role_of(function) for function in functions.values()}
    groups = {function["LoggingConfig"]["LogGroup"]["Ref"] for function in functions.values()}
    assert len(roles) == len(groups) == len(functions)
    for group in groups:
        assert target.application[group]["Properties"]["RetentionInDays"] == 30


def test_every_function_runs_python_3_13_on_graviton_and_is_traced_but_where_a_line_of_the_log_does_it(
    target: Synthesis,
) -> None:
    for name, function in target.functions().items():
        assert function["Runtime"] == "python3.13"
        assert function["Architectures"] == ["arm64"]
        assert function["TracingConfig"] == {"Mode": "PassThrough" if name == "ingest_events" else "Active"}
        assert ("SystemLogLevel" in function["LoggingConfig"]) == (name == "ingest_events")


def test_code_of_every_function_waits_for_the_migration(target: Synthesis) -> None:
    for resource in target.all("AWS::Lambda::Function").values():
        name = resource["Properties"].get("FunctionName", "")
        if name.startswith("meterhouse-") and name != "meterhouse-migrate_databases":
            assert "Migrations" in resource["DependsOn"], name


def test_nothing_starts_work_before_the_migration(target: Synthesis) -> None:
    for kind in (
        "AWS::Lambda::EventSourceMapping",
        "AWS::Scheduler::Schedule",
        "AWS::ApiGatewayV2::Stage",
        "AWS::Events::Rule",
    ):
        for resource in target.all(kind).values():
            assert "Migrations" in resource["DependsOn"]
