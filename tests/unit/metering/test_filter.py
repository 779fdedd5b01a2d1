from meterhouse.metering.filter import Comparison, Operator, containing


def test_no_character_of_a_contained_text_stands_for_another() -> None:
    assert containing(r"50%_\x") == Comparison(Operator.LIKE, r"%50\%\_\\x%")
