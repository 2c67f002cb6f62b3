"""Numbers that every room shares: instants, tenths, 6 A, and the one place that reads a float.

An instant is an integer, whole seconds since 2020-01-01T00:00:00Z: a small int (no heap) on a
32-bit chip from 1986 to 2054. Amperes and watts are integers in tenths of the unit, as OCPP 1.6
writes them (at most one decimal)."""

try:
    # Its compiler folds it by this name, wherever it was imported from
    from micropython import const
except ImportError:  # CPython

    def const(value):
        return value


FOREVER = 1 << 40  # an instant later than every other
# 6 A per phase, the least that a pilot can offer (IEC 61851-1); below it a limit is a pause (R38)
MINIMUM_DA = 60


def tenths(number) -> int:
    """A JSON number in tenths, rounded down: 8.1 is 81, 7.77 is 77, 16 is 160.

    The 0.05 makes up for what a 32-bit float loses (8.1 may arrive as 8.09999943). It is no more
    than needed: at 22080.0 such a float still resolves 0.002.
    """
    if type(number) is int:
        return number * 10
    scaled = number * 10 + 0.05
    whole = int(scaled)
    return whole - 1 if whole > scaled else whole


def tenths_text(value: int) -> str:
    """Tenths as a JSON number with one decimal, by integer arithmetic: 81 is "8.1"."""
    if value < 0:
        return "-" + tenths_text(-value)
    return "%d.%d" % (value // 10, value % 10)
