"""How much may be drawn now, and until when: smart charging of OCPP 1.6 edition 2, section 3.13.

The room is pure: instants come in as arguments, integers go out. It reads no clock, file or socket.

    supply      what the station is wired for, and the common unit in which amperes and watts
                compare exactly
    profile     one charging profile: what it says at an instant, and until when, in few bytes
    plan        the station's own weekly plan, in local time; loaded where there is one
    zone        local time by a POSIX rule; loaded with it
    stored      a profile from its document in flash; loaded when a station starts
    checks      whether a requested profile is acceptable, or the sentence that says why not
    installed   all installed profiles: which displace which, which reach a connector, the limit at
                an instant
    stack       which profile of a stack speaks at an instant
    composite   the plan for GetCompositeSchedule, from one change of the limit to the next
    sharing     one current divided fairly among several connectors

Rules that hold everywhere:

* Instants are whole seconds (see units). Intervals are half open, start <= t < end: those of
  validity (R14), and those of a schedule from its start (R15) to its duration (R18).
* A change of the installed profiles acts at once, on a transaction that runs too (R9).
* None means "nothing is said" or "unknown". It never stands for a number.
* `until` is the next instant at which an answer may change: it is the same at every second before.
* Rules are cited by number (R1 to R38, docs/smart-charging-rules.md). Where the standard is silent
  or has two readings, the lower limit wins.
"""
