"""How to reach Kafka: settings shared by producer, consumer and admin."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from meterhouse.platform import aws
from meterhouse.platform.settings import optional, required


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    bootstrap_servers: str
    events_topic: str
    dead_letter_topic: str
    consumer_group: str
    security_protocol: str = "SASL_SSL"
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls) -> KafkaSettings:
        arn = optional("KAFKA_SECRET_ARN", "")
        credentials = aws.secret(arn) if arn else {}
        return cls(
            bootstrap_servers=required("KAFKA_BOOTSTRAP_SERVERS"),
            events_topic=required("KAFKA_EVENTS_TOPIC"),
            dead_letter_topic=required("KAFKA_DEAD_LETTER_TOPIC"),
            consumer_group=required("KAFKA_CONSUMER_GROUP"),
            security_protocol=optional("KAFKA_SECURITY_PROTOCOL", "SASL_SSL"),
            username=credentials.get("username"),
            password=credentials.get("password"),
        )

    def client_configuration(self) -> dict[str, Any]:
        """Connection settings in librdkafka's names; SASL/SCRAM where credentials are given."""
        configuration: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap_servers,
            "security.protocol": self.security_protocol,
            "client.id": "meterhouse",
            # whoever uses it is told by an error; a broker that is gone is no line of the log every 50 ms
            "log_level": 2,
        }
        if self.username is not None:
            configuration |= {
                "sasl.mechanism": "SCRAM-SHA-512",
                "sasl.username": self.username,
                "sasl.password": self.password,
            }
        return configuration
