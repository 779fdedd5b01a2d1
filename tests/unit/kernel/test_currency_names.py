from meterhouse.kernel.currency import currencies, currency
from meterhouse.kernel.currency_names import currency_name, currency_symbol


def test_every_currency_has_a_name_and_a_symbol_and_no_two_share_a_name() -> None:
    names = [currency_name(one) for one in currencies()]
    assert len(set(names)) == len(names) > 150
    assert all(currency_symbol(one) for one in currencies())


def test_a_symbol_is_one_currency_s_alone() -> None:
    symbols = [currency_symbol(one) for one in currencies()]
    assert len(set(symbols)) == len(symbols)
    assert [currency_symbol(currency(code)) for code in ("USD", "AUD", "EUR", "CHF")] == ["$", "A$", "€", "CHF"]


def test_currencies_are_listed_in_order_of_their_codes() -> None:
    codes = [one.code for one in currencies()]
    assert codes == sorted(codes)
    assert {"USD", "JPY", "KWD", "CLF"} <= set(codes)
