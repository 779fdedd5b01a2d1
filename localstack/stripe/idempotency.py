"""Idempotency keys: a repeat hears the first answer; the same key for something else is refused."""

import hashlib
import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field

from localstack.stripe.account import Obj
from localstack.stripe.errors import Refusal

LIFE = 86_400
"""Seconds for which Stripe keeps a key."""

Answer = tuple[int, Obj]


@dataclass
class Keys:
    """First answers by key. What was refused before any work (a 401, a 429) is not kept, as in Stripe."""

    now: Callable[[], float]
    _kept: dict[str, tuple[float, str, Answer]] = field(default_factory=dict)

    def once(self, key: str, path: str, form: Obj, work: Callable[[], Answer]) -> tuple[Answer, bool]:
        """The answer, and whether it is a replay.

        Raises:
            Refusal: the key came with other parameters before.
        """
        mark = hashlib.sha256(json.dumps([path, form], sort_keys=True).encode()).hexdigest()
        kept = self._kept.get(key)
        if kept is not None and self.now() - kept[0] < LIFE:
            if kept[1] != mark:
                message = (
                    "Keys for idempotent requests can only be used with the same parameters they were first used with."
                )
                raise Refusal(400, "idempotency_error", message)
            return deepcopy(kept[2]), True
        answer = work()
        self._kept[key] = (self.now(), mark, deepcopy(answer))
        return answer, False
