"""The control pilot by IEC 61851-1: what the vehicle is told, what it answers, when the contactor may close.

    duty       the duty cycle for a limit, and what a vehicle reads from a duty cycle
    level      the vehicle's state (A to F) from the voltages of a burst of readings
    sequence   the state machine of one connector: pilot and limit in, duty cycle and contactor out
    protection what is watched beside the pilot: cable, contactor, current, residual current, earth, lock, temperature
    faults     the bit of each fault, what ends it, and how it is reported

Pure: no clock, no pins, no float. A step allocates nothing, so it runs while the heap is exhausted and never
starts a garbage collection.
"""
