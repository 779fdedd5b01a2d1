"""`python -m localstack.cdk ARGS…`: the pinned CDK command line, with this project's Python and Node."""

import os
import subprocess
import sys

from localstack.node import ToolMissingError, ensure_cdk, find_node, node_environment
from localstack.pages import ensure_packages
from localstack.settings import ROOT


def main() -> int:
    try:
        node = find_node()
        cdk = ensure_cdk(node)
        ensure_packages(node)
    except ToolMissingError as error:
        print(error, file=sys.stderr)
        return 1
    environment = os.environ | dict(node_environment(node))
    return subprocess.run((str(cdk), *sys.argv[1:]), cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
