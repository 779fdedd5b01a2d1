from decimal import Decimal


def plain(value: Decimal) -> str:
    """The one way to write a value: the store gives 1.50 back where 1.5 went in, and both must hash the same."""
    if not value:
        return "0"
    text = str(value)
    if "E" in text:
        text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
