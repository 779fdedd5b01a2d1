"""What a unit of a feature costs the seller, in US dollars: no price, nobody is charged it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class TokenType(StrEnum):
    """Which tokens of a language model are counted; `request` is another word for input, `response` for output."""

    INPUT = "input"
    OUTPUT = "output"
    CACHE_READ = "cache_read"
    CACHE_WRITE = "cache_write"
    REASONING = "reasoning"
    REQUEST = "request"
    RESPONSE = "response"


@dataclass(frozen=True, slots=True)
class ToldBy:
    """Each usage event tells it, under this group-by key of the feature's meter."""

    group_by_key: str


@dataclass(frozen=True, slots=True)
class ManualUnitCost:
    """Every unit costs the same; `amount` is not negative."""

    amount: Decimal

    @property
    def group_bys(self) -> Mapping[str, str]:
        return {}


@dataclass(frozen=True, slots=True)
class LlmUnitCost:
    """A unit is a token, and costs what its language model's provider asks for it.

    Attributes:
        input_tokens: under which key events tell how many tokens of input their request had, cached ones among them:
            long requests may cost more. None: every request counts as a short one.
        processing: under which key events tell how their request was processed; `batch` may cost less.
    """

    provider: str | ToldBy
    model: str | ToldBy
    token_type: TokenType | ToldBy
    input_tokens: ToldBy | None = None
    processing: ToldBy | None = None

    @property
    def group_bys(self) -> Mapping[str, str]:
        """The group-by keys it is told by, each by the contract's name of the field that names it."""
        fields = {
            "providerProperty": self.provider,
            "modelProperty": self.model,
            "tokenTypeProperty": self.token_type,
            "inputTokensProperty": self.input_tokens,
            "processingProperty": self.processing,
        }
        return {name: told.group_by_key for name, told in fields.items() if isinstance(told, ToldBy)}


UnitCost = ManualUnitCost | LlmUnitCost
