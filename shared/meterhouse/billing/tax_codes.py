"""What apps call the tax codes that lines and profiles name, written onto drafts: a code changed later changes none."""

from collections.abc import Iterable, Iterator, Mapping

from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.ports import TaxCodes
from meterhouse.billing.taxes import CODES
from meterhouse.catalog.tax_code import AppType, DefaultTaxCodes, TaxCode
from meterhouse.kernel.changed import replace
from meterhouse.kernel.errors import Problem

_TaxConfig = Mapping[str, object] | None
_NAMES = {AppType.STRIPE: "stripe", AppType.EXTERNAL_INVOICING: "customInvoicing"}
"""Under which a tax configuration on the wire has what an app calls the code."""
_CODE_ID = "taxCodeId"


def coded(invoices: Iterable[Invoice], codes: TaxCodes) -> dict[str, Invoice]:
    """By id, the invoices whose lines and workflow say what apps call the codes that they name.

    Where neither a line nor the profile names a code, that is the namespace's default for invoicing; of a line that
    pays for credit, that for credit grants.
    """
    given = list(invoices)
    defaults = codes.defaults() if given else None
    named = {code_id for invoice in given for code_id in _named(invoice)}
    of_house = set() if defaults is None else {defaults.invoicing, defaults.credit_grants}
    known = codes.by_ids(named | of_house)
    return {invoice.id: _coded(invoice, known, defaults) for invoice in given}


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


def _coded(invoice: Invoice, known: Mapping[str, TaxCode], defaults: DefaultTaxCodes | None) -> Invoice:
    if not known:
        return invoice
    workflow = invoice.workflow
    default = _named_by_default(workflow.default_tax_config, None if defaults is None else defaults.invoicing)
    lines = [_coded_line(line, known, defaults) for line in invoice.lines]
    workflow = replace(workflow, default_tax_config=_filled(default, known))
    return replace(invoice, lines=tuple(lines), workflow=workflow)


def _coded_line(line: Line, known: Mapping[str, TaxCode], defaults: DefaultTaxCodes | None) -> Line:
    config = line.rate_card.tax_config
    if line.grant_id is not None:
        config = _named_by_default(config, None if defaults is None else defaults.credit_grants)
    return replace(line, rate_card=replace(line.rate_card, tax_config=_filled(config, known)))


def _named_by_default(config: _TaxConfig, default_id: str | None) -> _TaxConfig:
    """The configuration with the default code, if it names none, by its id or as an app calls it."""
    if default_id is None or CODES & {name for name, value in (config or {}).items() if value is not None}:
        return config
    return {**(config or {}), _CODE_ID: default_id}


def _filled(config: _TaxConfig, known: Mapping[str, TaxCode]) -> _TaxConfig:
    """What an app's code is said to be already stays."""
    code = known.get(_code_id(config) or "")
    if config is None or code is None:
        return config
    called = {name: {"code": code.code_of(kind)} for kind, name in _NAMES.items() if code.code_of(kind)}
    return {**called, **{name: value for name, value in config.items() if value is not None}}


def _code_id(config: _TaxConfig) -> str | None:
    found = (config or {}).get(_CODE_ID)
    return found if isinstance(found, str) else None
