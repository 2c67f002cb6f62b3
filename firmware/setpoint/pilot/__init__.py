"""The control pilot of IEC 61851-1: what the station offers the vehicle, what the vehicle answers,
when the contactor closes.

    duty       the duty cycle for a limit, and what a vehicle reads from a duty cycle
    level      the vehicle's state (A to F) from the voltages of a burst of readings
    sequence   the state machine of one connector: pilot and limit in, duty cycle and contactor out
    protection cable, contactor, current, residual current, earth, lock and temperature
    faults     the bit of each fault, and what ends it
    fault_words  how it is reported; loaded late

The room is pure: no clock, no pins, no float. A step takes no memory, so it runs while the heap is
exhausted, and it never starts a garbage collection.
"""
