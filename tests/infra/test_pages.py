"""The pages: private files behind CloudFront, a policy without inline script, one origin with the API."""

from typing import Any

from tests.infra.templates import Synthesis


def behaviours(synthesis: Synthesis) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    told = synthesis.one("AWS::CloudFront::Distribution")["Properties"]["DistributionConfig"]
    return told["DefaultCacheBehavior"], {one["PathPattern"]: one for one in told["CacheBehaviors"]}


def policy_of(synthesis: Synthesis, behaviour: dict[str, Any]) -> str:
    made = synthesis.all("AWS::CloudFront::ResponseHeadersPolicy")[behaviour["ResponseHeadersPolicyId"]["Ref"]]
    security = made["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    told: str = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    return told


def test_no_page_runs_inline_script_and_none_but_the_customers_is_ever_framed(
    aws: Synthesis, aws_with_every_option: Synthesis
) -> None:
    for synthesis, ancestors in ((aws, "'none'"), (aws_with_every_option, "https://app.example.com")):
        default, others = behaviours(synthesis)
        closed, open_ = policy_of(synthesis, default), policy_of(synthesis, others["/pages/portal.html"])
        assert "default-src 'none'; script-src 'self'; style-src 'self';" in closed
        assert "unsafe" not in closed + open_
        assert closed.endswith("frame-ancestors 'none'")
        assert open_.endswith(f"frame-ancestors {ancestors}")


def test_the_api_is_on_the_same_origin_with_the_token_passed_on_and_nothing_kept(aws: Synthesis) -> None:
    _, others = behaviours(aws)
    api = others["/api/*"]

    assert api["AllowedMethods"] == ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]
    assert api["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # CachingDisabled
    assert api["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"  # AllViewerExceptHostHeader


def test_files_are_read_through_cloudfront_alone_and_forgotten_when_they_change(aws: Synthesis) -> None:
    files = aws.one("Custom::CDKBucketDeployment")["Properties"]

    assert files["DestinationBucketKeyPrefix"] == "pages/"
    assert files["DistributionPaths"] == ["/pages/*"]
    assert aws.one("AWS::CloudFront::OriginAccessControl")
    resources = aws.stacks["MeterhousePages"]["Resources"].values()
    runtimes = [one["Properties"]["Runtime"] for one in resources if one["Type"] == "AWS::Lambda::Function"]
    assert [runtime.startswith("python") for runtime in runtimes] == [True]


def test_the_local_stack_serves_the_same_files_without_a_distribution(local: Synthesis) -> None:
    assert not local.all("AWS::CloudFront::Distribution")
