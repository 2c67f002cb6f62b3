"""A month in the life of a station, in accelerated time on the smallest heap, and what it costs the
flash: `make soak`."""
