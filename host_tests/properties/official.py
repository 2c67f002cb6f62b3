"""What the standards' papers say, for the judges of the protocol."""

from datetime import datetime, timezone

from tools.traffic import ERROR_CODES as CODES  # noqa: F401

EPOCH = datetime(2020, 1, 1, tzinfo=timezone.utc)  # the firmware counts seconds from here
