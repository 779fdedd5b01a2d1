"""ClickHouse on one EC2 node of ours, for accounts without ClickHouse Cloud.

One node in one zone: while it is replaced (minutes), queries fail and the sink retries, nothing is lost. Inside the
VPC it speaks plain HTTP, open to the functions' security group alone.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, cast

from aws_cdk import Duration, Fn, Stack
from aws_cdk import aws_autoscaling as autoscaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secrets
from constructs import Construct

from infra.data_plane import ClickHouse, Credentials
from infra.keeping import data_kept, volumes_kept
from infra.nag import accept
from infra.network import OUTGOING, StoreNetwork

if TYPE_CHECKING:
    from infra.settings import ClickHouseNode

PORT = 8123
DATABASE = "meterhouse"
BOOT = Path(__file__).resolve().parent / "clickhouse_node.sh"


class ClickHouseServer(Construct):
    """A group of exactly one Graviton instance that takes over the volume and the address of the one before."""

    def __init__(self, scope: Construct, network: StoreNetwork, node: ClickHouseNode, key: kms.IKey) -> None:
        super().__init__(scope, "ClickHouse")
        self._key = key
        self._group = network.security_group("ClickHouse", "ClickHouse node")
        network.let_functions_reach(self._group, PORT)
        self._group.add_egress_rule(
            ec2.Peer.any_ipv4(), ec2.Port.HTTPS, "Packages, Secrets Manager, S3, Session Manager"
        )
        subnet = network.vpc.select_subnets(subnet_group_name=OUTGOING).subnets[0]
        self._user = self._make_user()
        self._backups = self._make_bucket(node)
        self._volume = self._make_volume(subnet, node)
        self._address = ec2.CfnNetworkInterface(
            self,
            "Address",
            subnet_id=subnet.subnet_id,
            group_set=[self._group.security_group_id],
            description="Meterhouse: the lasting address of ClickHouse",
        )
        self._run(network, subnet, node)
        self.clickhouse = ClickHouse(
            url=f"http://{self._address.attr_primary_private_ip_address}:{PORT}",
            database=DATABASE,
            credentials=Credentials(self._user),
        )

    def _make_user(self) -> secrets.Secret:
        user = secrets.Secret(
            self,
            "User",
            description="Meterhouse: the ClickHouse user of the functions",
            generate_secret_string=secrets.SecretStringGenerator(
                secret_string_template=json.dumps({"username": "meterhouse"}),
                generate_string_key="password",
                password_length=32,
                exclude_punctuation=True,
            ),
        )
        accept(user, "SMG4", "The node reads the secret when it boots: a new value takes a replaced instance")
        return user

    def _make_bucket(self, node: ClickHouseNode) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Backups",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self._key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(max(1, node.backups_kept)))],
            removal_policy=data_kept(self),
        )
        accept(
            bucket, "S1", "Only the node reads and writes it; CloudTrail data events tell who, where that is asked for"
        )
        return bucket

    def _make_volume(self, subnet: ec2.ISubnet, node: ClickHouseNode) -> ec2.CfnVolume:
        volume = ec2.CfnVolume(
            self,
            "Volume",
            availability_zone=subnet.availability_zone,
            size=node.volume_gib,
            volume_type="gp3",
            encrypted=True,
            kms_key_id=self._key.key_arn,
        )
        volume.apply_removal_policy(volumes_kept(self))
        return volume

    def _run(self, network: StoreNetwork, subnet: ec2.ISubnet, node: ClickHouseNode) -> None:
        template = ec2.LaunchTemplate(
            self,
            "Template",
            instance_type=ec2.InstanceType(node.instance_type),
            machine_image=ec2.MachineImage.latest_amazon_linux2023(cpu_type=ec2.AmazonLinuxCpuType.ARM_64),
            role=cast("iam.IRole", self._role()),
            security_group=self._group,
            user_data=ec2.UserData.custom(self._boot_script(node)),
            require_imdsv2=True,
            detailed_monitoring=True,
            block_devices=[
                ec2.BlockDevice(
                    device_name="/dev/xvda",
                    volume=ec2.BlockDeviceVolume.ebs(16, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3),
                )
            ],
        )
        group = autoscaling.AutoScalingGroup(
            self,
            "Node",
            vpc=network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=[subnet]),
            launch_template=template,
            min_capacity=1,
            max_capacity=1,
            # The volume has one owner: the old instance goes before the new one comes.
            update_policy=autoscaling.UpdatePolicy.rolling_update(max_batch_size=1, min_instances_in_service=0),
        )
        accept(group, "AS3", "A group of one: the functions' errors and the sink's lag tell of a missing node at once")

    def _boot_script(self, node: ClickHouseNode) -> str:
        return Fn.sub(
            BOOT.read_text(encoding="utf-8"),
            {
                "REGION": Stack.of(self).region,
                "VOLUME": self._volume.ref,
                "INTERFACE": self._address.ref,
                "SECRET": self._user.secret_arn,
                "BUCKET": self._backups.bucket_name,
                "DATABASE": DATABASE,
                "BACKUPS": "enable" if node.backups_kept else "disable",
            },
        )

    def _role(self) -> iam.Role:
        role = iam.Role(self, "Role", assumed_by=cast("iam.IPrincipal", iam.ServicePrincipal("ec2.amazonaws.com")))
        role.add_managed_policy(iam.ManagedPolicy.from_aws_managed_policy_name("AmazonSSMManagedInstanceCore"))
        self._user.grant_read(role)
        self._backups.grant_read_write(role)
        stack = Stack.of(self)
        prefix = f"arn:{stack.partition}:ec2:{stack.region}:{stack.account}"
        for action, kind, resource in (
            ("ec2:AttachVolume", "volume", self._volume.ref),
            ("ec2:AttachNetworkInterface", "network-interface", self._address.ref),
        ):
            resources = [f"{prefix}:{kind}/{resource}", f"{prefix}:instance/*"]
            role.add_to_policy(iam.PolicyStatement(actions=[action], resources=resources))
        self._let_attach(role)
        self._accept_role_findings(role)
        return role

    def _let_attach(self, role: iam.Role) -> None:
        """EC2 opens the encrypted volume on behalf of whoever attaches it."""
        conditions = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
        grant = iam.PolicyStatement(actions=["kms:CreateGrant"], resources=[self._key.key_arn], conditions=conditions)
        role.add_to_policy(grant)
        used = iam.PolicyStatement(actions=["kms:Decrypt", "kms:DescribeKey"], resources=[self._key.key_arn])
        role.add_to_policy(used)

    def _accept_role_findings(self, role: iam.Role) -> None:
        session = "arn:<AWS::Partition>:iam::aws:policy/AmazonSSMManagedInstanceCore"
        accept(role, f"IAM4[Policy::{session}]", "Session Manager's documented policy, in the place of SSH keys")
        instances = "arn:<AWS::Partition>:ec2:<AWS::Region>:<AWS::AccountId>:instance/*"
        accept(role, f"IAM5[Resource::{instances}]", "A booting instance does not know its id when the role is made")
        for action in ("GetBucket", "GetObject", "List", "DeleteObject", "Abort"):
            accept(
                role, f"IAM5[Action::s3:{action}*]", "Backups are written in parts and listed, in one bucket of ours"
            )
        for action in ("GenerateDataKey", "ReEncrypt"):
            accept(role, f"IAM5[Action::kms:{action}*]", "As the CDK words the right to write to a bucket with a key")
        bucket = Stack.of(self).get_logical_id(cast("s3.CfnBucket", self._backups.node.default_child))
        accept(role, f"IAM5[Resource::<{bucket}.Arn>/*]", "Every backup is objects of its own in that bucket")
