from decimal import Decimal


def plain(value: Decimal) -> str:
    """The one way to write a value: the store gives 1.50 back where 1.5 went in, and both must hash the same."""
    text = str(value)
    if "E" in text:
        text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
