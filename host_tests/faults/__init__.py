"""What the station survives: each test tries to make it lose something. `make faults` runs all
of them in full."""
