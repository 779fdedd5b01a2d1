from __future__ import annotations

from dataclasses import dataclass

from meterhouse.kernel.errors import InvalidInput, Problem

# ISO 4217, list one, as of January 2026. Codes without a minor unit of their own (metals, SDR, tests) are no
# currencies to bill in.
_CODES_BY_EXPONENT = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD
        CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP
        GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK
        LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO
        NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS
        SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST
        XAD XCD XCG YER ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency and its precision: `exponent` digits after the point (USD 2, JPY 0, KWD 3)."""

    code: str
    exponent: int


_BY_CODE = {code: Currency(code, exponent) for exponent, codes in _CODES_BY_EXPONENT.items() for code in codes.split()}


def currencies() -> list[Currency]:
    """All there are, in order of their codes."""
    return [_BY_CODE[code] for code in sorted(_BY_CODE)]


def is_iso(code: str) -> bool:
    """Whether an active ISO 4217 currency has the code."""
    return code in _BY_CODE


def currency(code: str, field: str = "/currency") -> Currency:
    """Return the active ISO 4217 currency; `InvalidInput` at the JSON pointer `field` for another code."""
    found = _BY_CODE.get(code)
    if found is None:
        message = f"{code!r} is not an active ISO 4217 currency code"
        raise InvalidInput(message, [Problem(field, "unknown_currency", message)])
    return found
