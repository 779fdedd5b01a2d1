"""The custom resource that migrates the databases, and the secrets it turns into roles and keys."""

import json
from pathlib import Path
from types import ModuleType

import pytest

from tests.infra.templates import Synthesis


@pytest.fixture
def migration() -> ModuleType:
    from infra import migration as module  # noqa: PLC0415 - loads the CDK

    return module


def test_another_migration_gives_another_hash(
    migration: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "customers" / "migrations" / "postgres"
    folder.mkdir(parents=True)
    monkeypatch.setattr(migration, "LIBRARY", tmp_path)
    (folder / "0100_customers.sql").write_text("SELECT 1;")
    before = migration.migrations_hash()

    (folder / "0101_subjects.sql").write_text("SELECT 1;")
    assert migration.migrations_hash() != before


def test_other_files_of_the_library_leave_the_hash_alone(
    migration: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(migration, "LIBRARY", tmp_path)
    (tmp_path / "customers" / "sql").mkdir(parents=True)
    before = migration.migrations_hash()

    (tmp_path / "customers" / "sql" / "customers.sql").write_text("SELECT 1;")
    assert migration.migrations_hash() == before


def test_the_deployment_carries_the_hash_of_its_migrations(target: Synthesis) -> None:
    resource = target.one("Custom::DatabaseMigrations")

    assert len(resource["Properties"]["MigrationsHash"]) == 64
    assert "MigrateDatabases" in str(resource["Properties"]["ServiceToken"])


def test_generated_secrets_have_the_shapes_the_functions_read(target: Synthesis) -> None:
    generators = [
        secret["Properties"]["GenerateSecretString"]
        for secret in target.application.values()
        if secret["Type"] == "AWS::SecretsManager::Secret"
    ]

    shapes = {g["GenerateStringKey"]: json.loads(g["SecretStringTemplate"]) for g in generators}
    assert shapes == {
        "password": {"username": "meterhouse_app"},
        "key": {"namespace": "default", "name": "bootstrap"},
        "pepper": {},
    }


def test_another_retention_calls_the_migration_again_and_holds_for_a_rebuild(
    aws: Synthesis, aws_with_every_option: Synthesis
) -> None:
    kept = [s.one("Custom::DatabaseMigrations")["Properties"]["EventsKept"] for s in (aws, aws_with_every_option)]

    assert kept == ["for ever", "400 days"]
    variables = aws_with_every_option.functions()["migrate_databases"]["Environment"]["Variables"]
    assert variables["EVENTS_RETENTION_DAYS"] == "400"
    told = {name for name, f in aws_with_every_option.functions().items() if "EVENTS_RETENTION_DAYS" in str(f)}
    assert told == {"migrate_databases", "rebuild_usage"}
