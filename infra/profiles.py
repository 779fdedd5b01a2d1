"""Profiles: sizes as data. Each names flags, and any of these may still be given by itself (`-c flag=value`).

`docs/cost.md` has what each costs a month, and why small is what it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT = "standard"

PROFILES: Mapping[str, Mapping[str, str]] = {
    # To try it and for small products. Nothing here is dear while nothing happens: three of the smallest brokers, so
    # that an acknowledged event is still on two of them; a database that pauses, which takes a clock by the hour.
    "small": {
        "kafkaBrokers": "3",
        "kafkaInstanceType": "kafka.t3.small",
        "kafkaVolumeGib": "10",
        "auroraMinAcu": "0",
        "auroraMaxAcu": "2",
        "auroraReaders": "0",
        "clickhouseInstanceType": "t4g.medium",
        "clickhouseVolumeGib": "30",
        "sinkMinPollers": "0",
        "endpointZones": "1",
        "pace": "hour",
    },
    # A hundred million events a day.
    "standard": {
        "kafkaBrokers": "3",
        "kafkaInstanceType": "kafka.m7g.large",
        "kafkaVolumeGib": "100",
        "auroraMinAcu": "0.5",
        "auroraMaxAcu": "8",
        "auroraReaders": "0",
        "clickhouseInstanceType": "r7g.large",
        "clickhouseVolumeGib": "200",
        "sinkMinPollers": "1",
        "sinkMaxPollers": "4",
        "endpointZones": "3",
        "pace": "minute",
    },
    # Ten thousand million events a day.
    "large": {
        "kafkaBrokers": "6",
        "kafkaInstanceType": "kafka.m7g.xlarge",
        "kafkaVolumeGib": "1000",
        "auroraMinAcu": "4",
        "auroraMaxAcu": "64",
        "auroraReaders": "1",
        "clickhouseInstanceType": "r7g.8xlarge",
        "clickhouseVolumeGib": "16000",
        "sinkMinPollers": "4",
        "sinkMaxPollers": "40",
        "endpointZones": "3",
        "pace": "minute",
        "balanceWorkers": "20",
    },
}
