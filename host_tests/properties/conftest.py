"""How hard the properties try: quick by default, `SETPOINT_EXAMPLES=2000 pytest
host_tests/properties` for a night."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "setpoint",
    max_examples=int(os.environ.get("SETPOINT_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("setpoint")
