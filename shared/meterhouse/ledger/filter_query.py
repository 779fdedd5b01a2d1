"""The contract's `filter[field][operator]` that lists of credit have in common."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.ledger.balance import EVERYTHING, Scope
from meterhouse.platform.wire import Text

CurrencyEq = Annotated[Text, Query(alias="filter[currency]")]
FeatureIs = Annotated[Text, Query(alias="filter[feature_key]")]
FeatureEq = Annotated[Text, Query(alias="filter[feature_key][eq]")]
FeatureExists = Annotated[bool | None, Query(alias="filter[feature_key][exists]")]
FeatureOneOf = Annotated[Text, Query(alias="filter[feature_key][oeq]")]
FEATURE = tuple(f"filter[feature_key]{how}" for how in ("", "[eq]", "[oeq]", "[exists]"))


def scope_of(feature: str | None, feature_eq: str | None, one_of: str | None, exists: bool | None) -> Scope:
    """Credit for one feature, or for none (`exists` is false); all there is where nothing was said.

    Raises:
        InvalidInput: more than one was said, or that there be just any feature.
    """
    named = {one for one in (feature, feature_eq) if one is not None} | set(() if one_of is None else one_of.split(","))
    if exists or len(named) + (exists is not None) > 1:
        fault = Problem("query:filter[feature_key]", "unsupported_filter", "one feature, or exists=false for none")
        raise InvalidInput("credit is asked for by one feature, or by none", [fault])
    if exists is None and not named:
        return EVERYTHING
    return Scope(is_all=False, feature=next(iter(named), None))
