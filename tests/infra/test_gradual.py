"""New code of what answers requests comes by degrees; the firewall before the pages."""

from infra.functions import FUNCTIONS
from tests.infra.templates import Synthesis

SERVING = {spec.name for spec in FUNCTIONS if spec.routes}


def test_what_answers_requests_is_shifted_by_degrees_and_taken_back_by_its_alarm(
    aws: Synthesis, aws_with_every_option: Synthesis
) -> None:
    for synthesis, pace in (
        (aws, "CodeDeployDefault.LambdaCanary10Percent5Minutes"),
        (aws_with_every_option, "AllAtOnce"),
    ):
        groups = synthesis.all("AWS::CodeDeploy::DeploymentGroup").values()
        assert len(groups) == len(SERVING)
        for group in groups:
            properties = group["Properties"]
            assert pace in str(properties["DeploymentConfigName"])
            assert len(properties["AlarmConfiguration"]["Alarms"]) == 1
            assert "DEPLOYMENT_STOP_ON_ALARM" in properties["AutoRollbackConfiguration"]["Events"]
        for alias in synthesis.all("AWS::Lambda::Alias").values():
            assert "CodeDeployLambdaAliasUpdate" in alias["UpdatePolicy"]


def test_routes_call_what_is_live_where_there_is_such_a_thing(aws: Synthesis, local: Synthesis) -> None:
    for synthesis, ends in ((aws, ":live"), (local, "")):
        for integration in synthesis.all("AWS::ApiGatewayV2::Integration").values():
            uri = str(integration["Properties"]["IntegrationUri"])
            assert (":live" in uri) == bool(ends)
    assert not local.all("AWS::Lambda::Alias")


def test_a_firewall_stands_before_the_pages_where_it_is_asked_for(
    aws: Synthesis, aws_with_every_option: Synthesis
) -> None:
    assert not aws.all("AWS::WAFv2::WebACL")
    acl = aws_with_every_option.one("AWS::WAFv2::WebACL")["Properties"]
    assert acl["Scope"] == "CLOUDFRONT"
    assert next(rule["Name"] for rule in acl["Rules"]) == "Limit"
    assert len({rule["Priority"] for rule in acl["Rules"]}) == len(acl["Rules"])
    before = aws_with_every_option.one("AWS::CloudFront::Distribution")["Properties"]["DistributionConfig"]
    assert before["WebACLId"].startswith("arn:aws:wafv2:us-east-1:")
