"""Our OpenAPI document as Schemathesis reads it, and what each operation may be asked with in a furnished namespace."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from functions.describe_api.handler import openapi
from tests.integration.tenancy.belongings import furnish
from tests.integration.tenancy.house import House
from tests.integration.tenancy.matrix import BODIES, NOBODY

Operation = APIOperation[Any, Any, Any, Any]
_LATER = ("GET", "POST", "PUT", "PATCH", "DELETE")
_KEYS = {"customerKey": "acme", "customerIdOrKey": "acme", "key": "calls", "subject": "acme-app", "currency": "USD"}
_BY_PLACE = {"profileId": "/profiles/{id}", "noteId": "/credit-notes/{id}", "id": "/apps/{id}"}
# a credential is the gateway's business: it lets nobody in without one, whatever the operation
_CONFIG = {"generation": {"with-security-parameters": False}}


@cache
def operations() -> Sequence[Operation]:
    """All, those that end things last."""
    document = schemathesis.openapi.from_dict(json.loads(openapi()), config=SchemathesisConfig.from_dict(_CONFIG))
    found = [result.ok() for result in document.get_all_operations() if isinstance(result, Ok)]
    return sorted(found, key=lambda one: (_LATER.index(one.method.upper()), one.path))


@dataclass(frozen=True)
class Furnished:
    """A namespace with one of everything."""

    house: House
    ids: Mapping[str, str]

    @classmethod
    def of(cls, house: House) -> "Furnished":
        ids = furnish(house)
        house.shows(ids["customerId"])
        return cls(house, ids)

    def named(self, operation: Operation) -> dict[str, str]:
        """What there is of what is named in the path."""
        names = [parameter.name for parameter in operation.path_parameters]
        found = {name: self.ids.get(_BY_PLACE.get(name, name)) for name in names}
        return {name: value for name, value in found.items() if value is not None}

    def path_parameters(self, operation: Operation) -> dict[str, str]:
        """All of them; where there is nothing, nobody's id."""
        names = [parameter.name for parameter in operation.path_parameters]
        return {name: "sandbox" if name == "type" else NOBODY for name in names} | self.named(operation)

    @property
    def references(self) -> Mapping[str, str]:
        """What a field of a body or of a query of this name may name."""
        return {name: value for name, value in self.ids.items() if not name.startswith("/")} | _KEYS

    def good_body(self, operation: Operation) -> Any:
        """One that the operation takes in some state; None where none is known."""
        asked = f"{operation.method.upper()} {operation.path}"
        found = {_unnamed(route): body for route, body in {**BODIES, **self.house.good_bodies}.items()}
        return found.get(_unnamed(asked))


def _unnamed(route: str) -> str:
    """The document names some parameters more clearly than the gateway does."""
    return "{}".join(part.partition("}")[2] or part for part in route.split("{"))
