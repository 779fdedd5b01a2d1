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
        "kafkaRetentionDays": "7",
        "kafkaPartitions": "6",
        "auroraMinAcu": "0",
        "auroraMaxAcu": "2",
        "auroraReaders": "0",
        "clickhouseInstanceType": "t4g.medium",
        "clickhouseVolumeGib": "30",
        "clickhouseBackupsKept": "7",
        "sinkWindow": "2",
        "sinkMinPollers": "0",
        "endpointZones": "1",
        "pace": "hour",
        "requestsPerSecond": "200",
    },
    # A hundred million events a day.
    "standard": {
        "kafkaBrokers": "3",
        "kafkaInstanceType": "kafka.m7g.large",
        "kafkaVolumeGib": "100",
        "kafkaRetentionDays": "7",
        "kafkaPartitions": "6",
        "auroraMinAcu": "0.5",
        "auroraMaxAcu": "8",
        "auroraReaders": "0",
        "clickhouseInstanceType": "r7g.large",
        "clickhouseVolumeGib": "1000",
        "clickhouseBackupsKept": "7",
        "sinkWindow": "2",
        "sinkMinPollers": "1",
        "sinkMaxPollers": "4",
        "endpointZones": "3",
        "pace": "minute",
        "requestsPerSecond": "2000",
    },
    # Ten thousand million events a day. A full copy of ClickHouse each night would neither end by morning nor be paid
    # for: raw events lie in the archive, and two weeks of them on the node. With a longer window at the sink a subject
    # is told of less often.
    "large": {
        "kafkaBrokers": "3",
        "kafkaInstanceType": "kafka.m7g.xlarge",
        "kafkaVolumeGib": "1400",
        "kafkaRetentionDays": "3",
        "kafkaPartitions": "12",
        "auroraMinAcu": "4",
        "auroraMaxAcu": "64",
        "auroraReaders": "1",
        "clickhouseInstanceType": "r7g.8xlarge",
        "clickhouseVolumeGib": "52000",
        "eventsRetentionDays": "14",
        "clickhouseBackupsKept": "0",
        "sinkWindow": "5",
        "sinkMinPollers": "2",
        "sinkMaxPollers": "40",
        "endpointZones": "3",
        "pace": "minute",
        "requestsPerSecond": "5000",
        "balanceWorkers": "20",
    },
}
