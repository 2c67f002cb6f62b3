"""Where meters at the grid connection have their currents and powers: input or holding registers, by
the makers' register maps. Loaded for one row, and dropped again (late.py)."""

# name: (function, first register, count, number format, registers of the currents from there on,
#        of the powers, one in the register in deci-ampere as (multiply, divide))
# Formats: "f" IEEE 754 single, "i" signed integer, high word first; "F", "I" low word first.
METERS = {
    # Eastron SDM630, SDM72D-M v2 (v1 tells nothing of single phases), over a gateway too
    "eastron_3p": (4, 0x0006, 12, "f", (0, 2, 4), (6, 8, 10), (10, 1)),
    # Eastron SDM120, SDM230
    "eastron_1p": (4, 0x0006, 8, "f", (0,), (6,), (10, 1)),
    # Carlo Gavazzi EM24 (Ethernet), EM330, EM340, ET330, ET340: 1 mA, 0.1 W
    "carlo_gavazzi": (4, 0x000C, 12, "I", (0, 2, 4), (6, 8, 10), (1, 100)),
    # ABB B23, B24, A43, A44: 10 mA, 10 mW; all bits set, or all but the sign: unknown
    "abb": (3, 0x5B0C, 16, "i", (0, 2, 4), (10, 12, 14), (1, 10)),
    # Siemens PAC2200, PAC3200
    "siemens_pac": (4, 13, 18, "f", (0, 2, 4), (12, 14, 16), (10, 1)),
    # Shelly Pro 3EM, three phases
    "shelly_pro_3em": (4, 1022, 44, "F", (0, 20, 40), (2, 22, 42), (10, 1)),
    # Chint DTSU666: 1 mA, 0.1 W
    "chint_dtsu666": (3, 0x200C, 14, "f", (0, 2, 4), (8, 10, 12), (1, 100)),
}
