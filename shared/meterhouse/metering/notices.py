"""Notices of usage: whose usage of which meters changed, cut so that an event bus takes each and many at once."""

import json
from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from typing import Any

LONGEST_NOTICE = 20_000
"""Bytes of JSON: ten fit the 256 KB that EventBridge takes in a call, with what stands around them."""
_AROUND_A_SUBJECT = len(json.dumps({"subject": "", "meterIds": []}) + ", ")
Notice = list[dict[str, Any]]


def notices(used: Iterable[tuple[str, str]]) -> list[Notice]:
    """Notices of (subject, meter id) in their order; a subject on very many meters is in several."""
    parts: list[list[tuple[str, str]]] = []
    size, subject_before = LONGEST_NOTICE, None
    for subject, meter_id in used:
        of_meter, of_subject = len(json.dumps(meter_id) + ", "), len(json.dumps(subject)) + _AROUND_A_SUBJECT
        size += of_meter + (of_subject if subject != subject_before else 0)
        if size > LONGEST_NOTICE:
            parts.append([])
            size = of_meter + of_subject
        parts[-1].append((subject, meter_id))
        subject_before = subject
    return list(map(_notice, parts))


def _notice(part: list[tuple[str, str]]) -> Notice:
    return [
        {"subject": subject, "meterIds": [meter_id for _, meter_id in of_subject]}
        for subject, of_subject in groupby(part, key=itemgetter(0))
    ]
