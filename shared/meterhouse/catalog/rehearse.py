"""What would come of a change of the catalog: its steps are done for real, and then undone."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from meterhouse.kernel.errors import Conflict, InvalidInput, NotFound, Problem
from meterhouse.platform.work import Begin


@dataclass(frozen=True, slots=True)
class Step:
    """One use case of the change; `at` points to what it is for."""

    at: str
    do: Callable[[str], object]


def rehearse(begin: Begin[object], namespace: str, steps: Iterable[Step]) -> list[Problem]:
    """Every problem that the steps, in this order, meet; each sees what those before it did. Nothing is kept.

    `begin` begins what the use cases' own units of work become a part of.
    """
    with begin(namespace):
        return [problem for step in steps for problem in _problems(step, namespace)]


def _problems(step: Step, namespace: str) -> Sequence[Problem]:
    try:
        step.do(namespace)
    except InvalidInput as error:
        found = error.problems or (Problem("", "invalid", error.detail),)
    except Conflict as error:
        found = error.problems or (Problem("", error.code, error.detail),)
    except NotFound as error:
        found = (Problem("", "not_found", error.detail),)
    else:
        return ()
    return [replace(problem, field=step.at + problem.field) for problem in found]
