"""The npm packages of the pages, installed from their lock file beside them: no build step follows."""

import hashlib
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from localstack.node import TOOLS, Node, npm
from localstack.settings import ROOT

PAGES = ROOT / "shared" / "meterhouse" / "portal" / "pages"
LOCK = PAGES / "package-lock.json"
INSTALLED = PAGES / "node_modules"
_STAMP = "locked-by.sha256"


def ensure_packages(node: Node) -> Path:
    """The installed packages, by `npm ci` unless they are those of this lock file.

    Raises:
        ToolMissingError: npm could not install them.
    """
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    stamp = INSTALLED / _STAMP
    if stamp.is_file() and stamp.read_text() == wanted:
        return INSTALLED
    TOOLS.mkdir(parents=True, exist_ok=True)
    # Installed aside and moved whole: two commands may install at once, and either may be interrupted.
    draft = Path(tempfile.mkdtemp(prefix="draft-", dir=TOOLS))
    try:
        for name in ("package.json", LOCK.name):
            shutil.copy(PAGES / name, draft / name)
        npm(node, "ci", "--prefix", str(draft), "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        (draft / INSTALLED.name / _STAMP).write_text(wanted)
        shutil.rmtree(INSTALLED, ignore_errors=True)
        with suppress(OSError):
            (draft / INSTALLED.name).rename(INSTALLED)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return INSTALLED
