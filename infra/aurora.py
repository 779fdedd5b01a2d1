"""The relational store: Aurora Serverless v2, PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secrets
from constructs import Construct

from infra.data_plane import Credentials, Postgres
from infra.environment import environment_of
from infra.keeping import data_kept
from infra.nag import accept

if TYPE_CHECKING:
    from infra.network import StoreNetwork
    from infra.settings import AwsStores

PORT = 5432
DATABASE = "meterhouse"
"""Made by migrations: RDS would make it with its own locale, where texts are ordered by a language (ADR 0077)."""
OWNER = "meterhouse_owner"
PAUSES_AFTER = Duration.minutes(5)
"""The least that Aurora allows, without a connection."""


class RelationalStore(Construct):
    """One writer and the wanted readers; RDS itself makes and rotates the owner's password."""

    def __init__(self, scope: Construct, network: StoreNetwork, stores: AwsStores, key: kms.IKey) -> None:
        super().__init__(scope, "RelationalStore")
        group = network.security_group("Postgres", "Aurora")
        network.let_functions_reach(group, PORT)
        kept = environment_of(self)
        self.cluster = rds.DatabaseCluster(
            self,
            "Cluster",
            engine=rds.DatabaseClusterEngine.aurora_postgres(version=rds.AuroraPostgresEngineVersion.VER_17_9),
            credentials=rds.Credentials.from_username(OWNER),
            manage_master_user_password=True,
            writer=rds.ClusterInstance.serverless_v2(
                "Writer", enable_performance_insights=True, performance_insight_encryption_key=key
            ),
            readers=[
                rds.ClusterInstance.serverless_v2(f"Reader{number}", scale_with_writer=number == 1)
                for number in range(1, stores.aurora_readers + 1)
            ],
            serverless_v2_min_capacity=stores.aurora_min_acu,
            serverless_v2_max_capacity=stores.aurora_max_acu,
            serverless_v2_auto_pause_duration=PAUSES_AFTER if stores.aurora_min_acu == 0 else None,
            vpc=network.vpc,
            vpc_subnets=network.stores,
            security_groups=[group],
            port=PORT,
            storage_encryption_key=key,
            deletion_protection=kept.is_protected,
            removal_policy=data_kept(self),
            backup=rds.BackupProps(retention=Duration.days(kept.backups_kept)),
            copy_tags_to_snapshot=True,
            cloudwatch_logs_exports=["postgresql"],
            parameters=_parameters(pauses=stores.aurora_min_acu == 0),
        )
        accept(self, "RDS6", "Functions sign in with a role's password from Secrets Manager, as on the local stack")
        if not kept.is_protected:
            accept(self, "RDS10", "An environment for trying things out is deleted with all it holds")
        self.postgres = Postgres(
            host=self.cluster.cluster_endpoint.hostname,
            port=str(PORT),
            database=DATABASE,
            sslmode="require",
            owner=Credentials(self._owner()),
        )

    def _owner(self) -> secrets.ISecret:
        managed = self.cluster.secret
        if managed is None:
            raise TypeError("the cluster has no managed secret")
        return managed


def _parameters(*, pauses: bool) -> dict[str, str]:
    """An idle connection of a function that sleeps would keep the database awake: it is closed, and opened anew."""
    asked = {"rds.force_ssl": "1", "log_min_duration_statement": "1000"}
    return asked | {"idle_session_timeout": "60000"} if pauses else asked
