"""The API's CORS rules, told to the emulator once more.

Its CloudFormation keeps their names as templates spell them (`AllowOrigins`), and its gateway reads them as API calls
do (`allowOrigins`): without this it refuses every preflight (ministack 1.5.33).
"""

import json
from pathlib import Path
from urllib.parse import urlsplit

from localstack.aws import aws_client, aws_environment
from localstack.settings import Stack


def tell_cors(stack: Stack, synthesised: Path, api_endpoint: str) -> None:
    """Sets on the deployed API what its template in `synthesised` says.

    Args:
        stack: whose emulator.
        synthesised: the folder of the templates that were deployed.
        api_endpoint: the deployment's output, `http://<id>.execute-api.…`.
    """
    template = json.loads((synthesised / "MeterhouseApplication.template.json").read_text())
    [api] = [one for one in template["Resources"].values() if one["Type"] == "AWS::ApiGatewayV2::Api"]
    api_id = urlsplit(api_endpoint).netloc.partition(".")[0]
    gateway = aws_client("apigatewayv2", aws_environment(stack))
    gateway.update_api(ApiId=api_id, CorsConfiguration=api["Properties"]["CorsConfiguration"])
