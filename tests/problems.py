"""What a refusal says."""

from typing import Any


def faults_of(problem: dict[str, Any]) -> list[tuple[str, str]]:
    """The field and the code of each fault a problem lists, in its order."""
    return [(fault["field"], fault["code"]) for fault in problem.get("extensions", {}).get("validationErrors", ())]
