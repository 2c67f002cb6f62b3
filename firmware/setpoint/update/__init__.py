"""New firmware: from the file server into the place that does not run.

    places     where it goes on this board
    slot       ... the other of the two application slots in the flash
    folder     ... the other of the two folders, /a and /b
    download   the file, piece by piece, into one of these
    work       what the station asks for (station/firmware.py): fetch, start it, give it up

A place has

    place, runs             the names of the idle one and of the one that runs: "ota_1", "a"
    reason_to_refuse(head)  a sentence, or None: this file fits here (protocol/firmware_file.py)
    prepare(head)           a generator: what is in the idle place cannot be started any more
    entry(name, size), data(bytes)   fill it; at most one block of the flash is erased in each call
    close()                 all of it is there, and right
    activate()              the next start is that of the new program
    confirm()               the program that runs is a good one
    give_up()               the next start is that of the other one

and raises OSError where the flash fails. Loaded for one update (late.py)."""
