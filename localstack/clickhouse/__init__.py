"""ClickHouse's HTTP interface, as its ordinary clients use it, in front of the real engine of chdb-core.

The engine's own: SQL, storage, formats, settings, parameters, errors. Ours: HTTP, sessions, compression, one login.
"""
