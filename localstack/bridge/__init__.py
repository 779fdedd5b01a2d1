"""The Kafka event source mapping, which the emulator accepts and never polls: consumes topics and invokes functions.

Behaves as Lambda's pollers in provisioned mode: at least once; the offset moves after success or the dead letter.
"""
