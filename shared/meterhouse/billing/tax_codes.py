"""What apps call the tax codes that lines and profiles name, written onto drafts: a code changed later changes none."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from meterhouse.billing.invoice import Invoice
from meterhouse.billing.ports import TaxCodes
from meterhouse.billing.profile import Workflow
from meterhouse.catalog.rate_card import RateCard
from meterhouse.catalog.tax_code import AppType, TaxCode
from meterhouse.kernel.errors import Problem

_TaxConfig = Mapping[str, object] | None
_NAMES = {AppType.STRIPE: "stripe", AppType.EXTERNAL_INVOICING: "customInvoicing"}
"""Under which a tax configuration on the wire has what an app calls the code."""
_CODE_ID = "taxCodeId"


def coded(invoices: Iterable[Invoice], codes: TaxCodes) -> dict[str, Invoice]:
    """By id, the invoices whose lines and workflow say what apps call the codes that they name.

    Where neither a line nor the profile names a code, that is the namespace's default for invoicing.
    """
    given = list(invoices)
    defaults = codes.defaults() if given else None
    named = {code_id for invoice in given for code_id in _named(invoice)}
    known = codes.by_ids(named | ({defaults.invoicing} if defaults else set()))
    default_id = None if defaults is None else defaults.invoicing
    return {invoice.id: _coded(invoice, known, default_id) for invoice in given}


def unknown_codes(configs: Iterable[tuple[_TaxConfig, str]], codes: TaxCodes) -> list[Problem]:
    """Of tax configurations, each with the pointer to it, those that name a code which never was."""
    placed = [(_code_id(config), at) for config, at in configs]
    known = codes.by_ids({code_id for code_id, _ in placed if code_id is not None})
    return [
        Problem(f"{at}/{_CODE_ID}", "tax_code_not_found", f"there is no tax code {code_id!r}")
        for code_id, at in placed
        if code_id is not None and code_id not in known
    ]


def _named(invoice: Invoice) -> Iterator[str]:
    for config in (invoice.workflow.default_tax_config, *(line.rate_card.tax_config for line in invoice.lines)):
        code_id = _code_id(config)
        if code_id is not None:
            yield code_id


def _coded(invoice: Invoice, known: Mapping[str, TaxCode], default_id: str | None) -> Invoice:
    if not known:
        return invoice
    lines = [replace(line, rate_card=_on_card(line.rate_card, known)) for line in invoice.lines]
    return replace(invoice, lines=tuple(lines), workflow=_on_workflow(invoice.workflow, known, default_id))


def _on_card(card: RateCard, known: Mapping[str, TaxCode]) -> RateCard:
    return replace(card, tax_config=_filled(card.tax_config, known))


def _on_workflow(workflow: Workflow, known: Mapping[str, TaxCode], default_id: str | None) -> Workflow:
    config = workflow.default_tax_config
    if default_id is not None and not {_CODE_ID, *_NAMES.values()} & (config or {}).keys():
        config = {**(config or {}), _CODE_ID: default_id}
    return replace(workflow, default_tax_config=_filled(config, known))


def _filled(config: _TaxConfig, known: Mapping[str, TaxCode]) -> _TaxConfig:
    """What an app's code is said to be already stays."""
    code = known.get(_code_id(config) or "")
    if config is None or code is None:
        return config
    called = {name: {"code": code.code_of(kind)} for kind, name in _NAMES.items() if code.code_of(kind)}
    return {**called, **config}


def _code_id(config: _TaxConfig) -> str | None:
    found = (config or {}).get(_CODE_ID)
    return found if isinstance(found, str) else None
