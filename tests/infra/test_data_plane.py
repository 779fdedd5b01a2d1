"""The stores of the aws target."""

from infra.functions import FUNCTIONS
from tests.infra.templates import Synthesis


def test_events_are_encrypted_on_the_wire_and_on_disk_and_nobody_is_anonymous(aws: Synthesis) -> None:
    cluster = aws.one("AWS::MSK::Cluster")["Properties"]

    assert cluster["EncryptionInfo"]["EncryptionInTransit"] == {"ClientBroker": "TLS", "InCluster": True}
    assert "DataVolumeKMSKeyId" in cluster["EncryptionInfo"]["EncryptionAtRest"]
    assert cluster["ClientAuthentication"]["Unauthenticated"] == {"Enabled": False}
    assert cluster["ClientAuthentication"]["Sasl"] == {"Scram": {"Enabled": True}}


def test_an_acknowledged_event_is_on_two_brokers(aws: Synthesis) -> None:
    properties = aws.one("AWS::MSK::Configuration")["Properties"]["ServerProperties"]

    assert "min.insync.replicas=2" in properties
    assert "unclean.leader.election.enable=false" in properties
    assert "auto.create.topics.enable=false" in properties


def test_kafka_user_is_a_secret_msk_accepts(aws: Synthesis) -> None:
    (user,) = [
        secret["Properties"]
        for secret in aws.all("AWS::SecretsManager::Secret").values()
        if secret["Properties"].get("Name", "").startswith("AmazonMSK_")
    ]

    assert "KmsKeyId" in user


def test_postgres_cannot_be_deleted_by_mistake(aws: Synthesis) -> None:
    cluster = aws.one("AWS::RDS::DBCluster")

    assert cluster["DeletionPolicy"] == "Retain"
    assert cluster["Properties"]["DeletionProtection"] is True
    assert cluster["Properties"]["StorageEncrypted"] is True
    assert cluster["Properties"]["BackupRetentionPeriod"] >= 7


def test_the_database_is_left_to_migrations_which_make_it_in_the_order_of_code_points(aws: Synthesis) -> None:
    assert "DatabaseName" not in aws.one("AWS::RDS::DBCluster")["Properties"]
    assert aws.functions()["migrate_databases"]["Environment"]["Variables"]["POSTGRES_DATABASE"] == "meterhouse"


def test_password_of_the_owner_is_made_and_rotated_by_rds(aws: Synthesis) -> None:
    properties = aws.one("AWS::RDS::DBCluster")["Properties"]

    assert properties["ManageMasterUserPassword"] is True
    assert "MasterUserPassword" not in properties


def test_functions_connect_as_the_application_role_never_as_the_owner(aws: Synthesis) -> None:
    owner = aws.functions()["migrate_databases"]["Environment"]["Variables"]["POSTGRES_OWNER_SECRET_ARN"]

    for name, function in aws.functions().items():
        if name != "migrate_databases":
            assert owner not in function["Environment"]["Variables"].values(), name


def test_stores_are_open_to_the_functions_group_alone(aws: Synthesis) -> None:
    ingress = aws.all("AWS::EC2::SecurityGroupIngress").values()

    assert all("SourceSecurityGroupId" in rule["Properties"] for rule in ingress)
    for group in aws.all("AWS::EC2::SecurityGroup").values():
        assert "SecurityGroupIngress" not in group["Properties"]


def test_own_clickhouse_node_keeps_its_volume_when_it_goes(aws: Synthesis) -> None:
    volume = aws.one("AWS::EC2::Volume")

    assert volume["Properties"]["Encrypted"] is True
    assert volume["DeletionPolicy"] == "Snapshot"


def test_only_functions_that_call_others_have_a_way_to_the_internet(aws: Synthesis) -> None:
    placed = {spec.name: str(aws.functions()[spec.name]["VpcConfig"]["SubnetIds"]) for spec in FUNCTIONS}
    calling = {placed[spec.name] for spec in FUNCTIONS if spec.calls_out}
    others = {placed[spec.name] for spec in FUNCTIONS if not spec.calls_out}

    assert len(calling) == len(others) == 1
    assert all("Outgoing" in subnets for subnets in calling)
    assert not any("Outgoing" in subnets for subnets in others)


def test_clickhouse_cloud_is_reached_by_its_private_link(aws_with_every_option: Synthesis) -> None:
    services = [
        endpoint["Properties"]["ServiceName"]
        for endpoint in aws_with_every_option.all("AWS::EC2::VPCEndpoint").values()
    ]
    assert "com.amazonaws.vpce.eu-central-1.vpce-svc-0123" in services


def test_on_demand_pollers_get_the_endpoints_they_call(aws: Synthesis, aws_with_every_option: Synthesis) -> None:
    def endpoints(synthesis: Synthesis) -> str:
        return str([e["Properties"]["ServiceName"] for e in synthesis.all("AWS::EC2::VPCEndpoint").values()])

    assert ".lambda" in endpoints(aws_with_every_option)
    assert ".sts" in endpoints(aws_with_every_option)
    assert ".lambda" not in endpoints(aws)


OPEN_TO_ALL = ("0.0.0.0/0", "::/0")


def test_nothing_of_the_data_plane_is_reached_from_the_internet(
    aws: Synthesis, aws_with_every_option: Synthesis
) -> None:
    for synthesis in (aws, aws_with_every_option):
        for kind in ("AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress"):
            for rule in synthesis.all(kind).values():
                properties = rule["Properties"]
                for ingress in [properties, *properties.get("SecurityGroupIngress", ())]:
                    assert not {ingress.get("CidrIp"), ingress.get("CidrIpv6")} & set(OPEN_TO_ALL)
        text = str(synthesis.resources("Data"))
        assert "'PubliclyAccessible': True" not in text
        assert "'PublicAccess'" not in text  # of MSK's connectivity
        assert "'AssociatePublicIpAddress': True" not in text
        for instance in synthesis.all("AWS::RDS::DBInstance").values():
            assert not instance["Properties"].get("PubliclyAccessible", False)
        for bucket in synthesis.all("AWS::S3::Bucket").values():
            assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}


def test_stores_and_functions_stand_in_no_subnet_with_a_way_in(aws: Synthesis) -> None:
    data = aws.resources("Data")
    public = {name for name, one in data.items() if one["Type"] == "AWS::EC2::Subnet" and "Public" in name}
    brokers = aws.one("AWS::MSK::Cluster")["Properties"]["BrokerNodeGroupInfo"]["ClientSubnets"]
    database = aws.one("AWS::RDS::DBSubnetGroup")["Properties"]["SubnetIds"]
    node = aws.one("AWS::EC2::NetworkInterface")["Properties"]["SubnetId"]
    functions = [function["VpcConfig"]["SubnetIds"] for function in aws.functions().values()]

    assert len(public) == 3
    for placed in (brokers, database, node, functions):
        assert not [name for name in public if name in str(placed)]


def test_what_lies_in_the_stores_is_encrypted_with_keys_of_ours_that_rotate(aws: Synthesis) -> None:
    keys = {name: one["Properties"] for name, one in aws.resources("Data").items() if one["Type"] == "AWS::KMS::Key"}
    (ours,) = [name for name in keys if name.startswith("StoresKey")]

    assert all(key["EnableKeyRotation"] for key in keys.values())
    assert ours in str(aws.one("AWS::RDS::DBCluster")["Properties"]["KmsKeyId"])
    assert ours in str(aws.one("AWS::EC2::Volume")["Properties"]["KmsKeyId"])
    backups = next(one for name, one in aws.resources("Data").items() if name.startswith("ClickHouseBackups"))
    assert ours in str(backups["Properties"]["BucketEncryption"])


def test_endpoints_stand_in_as_many_zones_as_the_profile_says(aws: Synthesis, aws_with_every_option: Synthesis) -> None:
    for synthesis, zones in ((aws, 3), (aws_with_every_option, 1)):
        for endpoint in synthesis.all("AWS::EC2::VPCEndpoint").values():
            properties = endpoint["Properties"]
            if properties["VpcEndpointType"] == "Interface" and "vpce-svc" not in str(properties["ServiceName"]):
                assert len(properties["SubnetIds"]) == zones
