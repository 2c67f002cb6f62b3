"""How much each connector may draw now, and why.

The room stands above `schedule`, which reads the profiles.

    profiles    SetChargingProfile, ClearChargingProfile, GetCompositeSchedule; the profiles in
                flash
    limits      each connector's minimum of profiles, sharing, cable, temperature, fallback and
                named totals
    fallback    a limit for when the central system has been silent for long
"""
