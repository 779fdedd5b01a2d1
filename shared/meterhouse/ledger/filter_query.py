"""The contract's `filter[field][operator]` in the query of a list."""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field

from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.ledger.balance import EVERYTHING, Scope
from meterhouse.ledger.ports import TextFilter

_LONGEST = 256
Text = Annotated[str | None, Field(max_length=_LONGEST)]
CurrencyEq = Annotated[Text, Query(alias="filter[currency]")]
FeatureIs = Annotated[Text, Query(alias="filter[feature_key]")]
FeatureEq = Annotated[Text, Query(alias="filter[feature_key][eq]")]
FeatureExists = Annotated[bool | None, Query(alias="filter[feature_key][exists]")]
FEATURE = ("filter[feature_key]", "filter[feature_key][eq]", "filter[feature_key][exists]")


def refuse_other_filters(query: Mapping[str, Sequence[str]], known: Collection[str]) -> None:
    """Whoever filters by what is not known here would take everything for what is wanted.

    Raises:
        InvalidInput: there are other filters than the known.
    """
    faults = [
        Problem(f"query:{name}", "unsupported_filter", f"known are {', '.join(sorted(known))}")
        for name in query
        if name.startswith("filter") and name not in known
    ]
    if faults:
        raise InvalidInput("there are filters that are not known here", faults)


def scope_of(feature: str | None, feature_eq: str | None, exists: bool | None) -> Scope:
    """Credit for one feature, or for none (`exists` is false); all there is where nothing was said.

    Raises:
        InvalidInput: more than one was said, or that there be just any feature.
    """
    named = [one for one in (feature, feature_eq) if one is not None]
    if exists or len(named) + (exists is not None) > 1:
        fault = Problem("query:filter[feature_key]", "unsupported_filter", "one feature, or exists=false for none")
        raise InvalidInput("credit is asked for by one feature, or by none", [fault])
    if exists is None and not named:
        return EVERYTHING
    return Scope(is_all=False, feature=named[0] if named else None)


def text_filter(
    equal: str | None, eq: str | None, neq: str | None, contains: str | None, exists: bool | None
) -> TextFilter:
    """`filter[x]=` and `filter[x][eq]=` are the same; of two that differ nothing is both.

    Raises:
        InvalidInput: both are given, and differ.
    """
    if equal is not None and eq is not None and equal != eq:
        fault = Problem("query:filter[key]", "contradiction", "two values at once")
        raise InvalidInput("a text cannot equal two others", [fault])
    return TextFilter(equal if eq is None else eq, neq, contains, exists)
