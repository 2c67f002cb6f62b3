"""Power cuts, flash faults, kills and hostile messages, each tried against the running station: `make faults`."""
