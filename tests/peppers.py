"""The pepper of tests in which it does not change."""

from datetime import datetime

from meterhouse.platform.peppers import Peppers, peppers_of


def one_pepper(_at: datetime) -> Peppers:
    return peppers_of({"pepper": "pepper"})
