"""The faults of a connector: the bit of each, and what may end it. fault_words.py reports them."""

from micropython import const

# What ends a fault. A greater number is the stricter rule, and wins while several faults are there.
SELF_HEALING = const(1)  # when it has been gone for 30 s
UNPLUG = const(2)  # when the vehicle has been unplugged
MANUAL = const(3)  # when a person has seen to it (`acknowledge`)

# The bits. Each has the name and the number of its line in fault_words.py. The first four are what
# level.py says of the pilot.
PILOT_FAULTS = const(("diode", "short", "negative", "bad"))
CABLE = const(4)
OVERCURRENT = const(5)
WELDED = const(6)
CONTACTOR = const(7)
RESIDUAL = const(8)
RCM = const(9)
EARTH = const(10)
LOCK = const(11)
PILOT = const(12)
HOT = const(13)
DERATED = const(14)
THERMOMETER = const(15)
COUNT = const(16)
