"""`python -m localstack.cdk ARGS…`: the pinned CDK command line, with this project's Python and Node."""

import os
import subprocess
import sys

from localstack.node import ensure_cdk, node_environment
from localstack.settings import ROOT, read_stack


def main() -> int:
    command = (str(ensure_cdk(read_stack().state)), *sys.argv[1:])
    return subprocess.run(command, cwd=ROOT, env=os.environ | dict(node_environment()), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
