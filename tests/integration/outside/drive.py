"""Asks an operation in every way there is, and tells what was wrong with the answers."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case

from tests.integration.outside.gateway import ADDRESS, session_of
from tests.integration.outside.judge import faults_of
from tests.integration.outside.oddities import Oddity, oddities
from tests.integration.outside.operations import Furnished, Operation

_LIKELY, _RARELY = 0.8, 0.3
_SETTINGS = settings(
    database=None, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck), print_blob=False
)


@dataclass(frozen=True)
class Fault:
    operation: str
    what: str
    asked: str
    answer: str

    @property
    def kind(self) -> tuple[str, str]:
        """Equal for faults that likely have one cause."""
        return self.operation, self.what[:100]

    def __str__(self) -> str:
        return f"{self.operation}: {self.what}\n  asked: {self.asked}\n  answer: {self.answer}"


@dataclass
class Driver:
    """`examples` of each way; `randomly` by this seed, or always the same."""

    examples: int
    randomly: int | None = None
    answers: Counter[int] = field(default_factory=Counter)
    """How often each status was answered."""

    def faults(self, operation: Operation, furnished: Furnished) -> list[Fault]:
        """Each kind once."""
        found: dict[tuple[str, str], Fault] = {}
        for fault in (*self._generated(operation, furnished), *self._odd(operation, furnished)):
            found.setdefault(fault.kind, fault)
        return list(found.values())

    def _generated(self, operation: Operation, furnished: Furnished) -> Iterator[Fault]:
        found: list[Fault] = []
        session = session_of(furnished.house)

        def ask(case: Case[Any], chance: random.Random) -> None:
            _lead(case, furnished, chance)
            found.extend(self._faults(case, case.call(base_url=ADDRESS, session=session)))

        modes = [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if _can_be_wrong(operation) else [])]
        for mode in modes:
            self._run(operation.as_strategy(generation_mode=mode), ask)
        yield from found

    def _run(self, cases: st.SearchStrategy[Case[Any]], ask: Callable[[Case[Any], random.Random], None]) -> None:
        chosen = settings(_SETTINGS, max_examples=self.examples, derandomize=self.randomly is None)
        test = chosen(given(cases, st.randoms(use_true_random=False))(ask))
        try:
            (test if self.randomly is None else seed(self.randomly)(test))()
        except Unsatisfiable:
            return

    def _odd(self, operation: Operation, furnished: Furnished) -> Iterator[Fault]:
        session = session_of(furnished.house)
        for odd in self._chosen(list(oddities(operation, furnished))):
            case = operation.Case(path_parameters=furnished.path_parameters(operation))
            answer = session.request(
                operation.method.upper(), ADDRESS + odd.path, params=odd.query, data=odd.content, headers=odd.headers
            )
            yield from self._faults(case, Response.from_any(answer), odd)

    def _chosen(self, all_of_them: list[Oddity]) -> list[Oddity]:
        chance = random.Random(self.randomly or 0)  # noqa: S311 - chooses tests
        return chance.sample(all_of_them, min(self.examples, len(all_of_them)))

    def _faults(self, case: Case[Any], response: Response, odd: Oddity | None = None) -> Iterator[Fault]:
        self.answers[response.status_code] += 1
        for what in faults_of(case, response):
            request = response.request
            asked = f"{request.method} {request.url} {odd.content if odd else request.body!r}"
            yield Fault(case.operation.label, what, asked[:1500], response.content[:600].decode(errors="replace"))


def _lead(case: Case[Any], furnished: Furnished, chance: random.Random) -> None:
    """Where it is not itself what is wrong, a part names what there is, and a body is partly one that is taken."""
    known, references = furnished.named(case.operation), furnished.references
    if not _is_wrong(case, ParameterLocation.PATH) and known and chance.random() < _LIKELY:
        case.path_parameters = {**(case.path_parameters or {}), **known}
    if not _is_wrong(case, ParameterLocation.QUERY) and case.query:
        case.query = _referring(dict(case.query), references, chance)
    if not _is_wrong(case, ParameterLocation.BODY) and isinstance(case.body, dict | list):
        body = _referring(case.body, references, chance)
        good = furnished.good_body(case.operation)
        if isinstance(good, dict) and isinstance(body, dict) and chance.random() < _LIKELY:
            body = good | {name: value for name, value in body.items() if chance.random() < _RARELY}
        case.body = body


def _is_wrong(case: Case[Any], part: ParameterLocation) -> bool:
    made = case.meta.components.get(part) if case.meta else None
    return made is not None and made.mode.is_negative


def _referring(value: Any, references: Mapping[str, str], chance: random.Random) -> Any:
    if isinstance(value, dict):
        return {
            name: references[name]
            if isinstance(part, str) and name in references and chance.random() < _LIKELY
            else _referring(part, references, chance)
            for name, part in value.items()
        }
    if isinstance(value, list):
        return [_referring(part, references, chance) for part in value]
    return value


def _can_be_wrong(operation: Operation) -> bool:
    """Whether there is anything that its schema refuses: a path's plain text is right whatever it is."""
    constrained = any(len(parameter.definition["schema"]) > 2 for parameter in operation.path_parameters)
    return bool(operation.body or operation.query or operation.headers or constrained)
