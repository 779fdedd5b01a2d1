from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.notifications.receiver import Receiver, running_receiver


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with running_receiver(tmp_path) as one:
        yield one
