"""How much each connector may draw now, and why.

The room stands above `schedule`, which reads the profiles.

    profiles    SetChargingProfile, ClearChargingProfile, GetCompositeSchedule; the profiles in
                flash
    weekly_plan the station's own plan, in flash; loaded when it is asked for
    plan_lines  a plan in lines that a person reads and writes, and its document
    limits      each connector's minimum of profiles, sharing, cable, temperature, fallback and
                named totals
    random_delay a pause before charging begins or goes on; loaded while its key is above 0
    dimming     the grid operator's contact; loaded where a board has one
    fallback    a limit for when the central system has been silent for long
"""
