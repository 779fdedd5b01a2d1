import signal

from hypothesis import settings

# a slow machine is no fault of the rule under test, and the same examples come every time
settings.register_profile("meterhouse", max_examples=30, deadline=None, derandomize=True)
settings.load_profile("meterhouse")

# a terminated run stops the servers it started, as an interrupted one does
signal.signal(signal.SIGTERM, signal.default_int_handler)
