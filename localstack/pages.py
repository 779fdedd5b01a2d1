"""The npm packages of the pages, installed from their lock file beside them: no build step follows."""

from pathlib import Path

from localstack.node import Node, install_locked
from localstack.settings import ROOT

PAGES = ROOT / "shared" / "meterhouse" / "portal" / "pages"
LOCK = PAGES / "package-lock.json"
INSTALLED = PAGES / "node_modules"


def ensure_packages(node: Node) -> Path:
    """The installed packages.

    Raises:
        ToolMissingError: npm could not install them.
    """
    return install_locked(node, LOCK, INSTALLED)
