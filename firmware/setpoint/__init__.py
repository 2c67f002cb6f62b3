"""Setpoint: an OCPP 1.6 charge point with smart charging, in MicroPython. This is the map of its
rooms.

    schedule   PURE     how much may be drawn now, and until when (OCPP 1.6, 3.13)
    pilot      PURE     the control pilot: duty cycle, levels, when the contactor may close (IEC
                        61851-1)
    protocol   PURE     OCPP-J messages, the fields in them, time stamps, WebSocket frames: no
                        sockets
    charging   PURE     installed profiles and every other source of a limit; who gets how much, and
                        why
    sessions   PURE     cards, authorisation, transactions, metering
    messaging  PURE     what the central system is sent, and how it arrives
    certificates  PURE  whom the station trusts, its own certificate, and signatures; loaded late
    scheduler           the schedule room by itself, with OCPP's JSON going in: for other programs
    house      PURE     what the house leaves for vehicles: the main fuse and the meter behind it
    station    PURE     the charge point: the facts, and one pass over the parts for each event
    units      PURE     instants, tenths, and the one place where a float is read
    late                which modules are forgotten after each event
    work                long work in slices, beside everything else: checking a signature
    link       OUTSIDE  the WebSocket on a network, and staying connected
    store      OUTSIDE  documents in flash that survive a power cut
    board      OUTSIDE  the hardware: what a board can do; the simulated one
    control, evse       the loop every 20 ms that ties the pilot to the board; outlives everything
                        above it
    clock, log, tasks   the only reader of time; what people read; named tasks that may not die
                        unseen
    log_ring            the lines that are kept in flash, loaded for each of them
    dim_log             when the grid operator dimmed the station, in flash; loaded for each record
    state_line          what a connector does, in one line of the log
    network_time        the time, where no central system tells it
    outputs             hands each connector's limit, phases, permit and lock over to the control
                        loop
    house_limit         what the house leaves: to the station, where there is a meter at the grid
    surplus_limit       what the house feeds in: to the station, where a key asks for that
    wear                how often contactors have switched: to flash
    fault_reports       what the control loop found wrong: to the station, the log and flash
    inspection          the state in one dict, for the bench
    transfers           uploads and downloads, beside the station's passes
    page       OUTSIDE  the station's own web page in the home network, and the JSON under it
    update     OUTSIDE  new firmware: fetched, put where it does not run, started, given up
    diagnostics         the files that a central system may ask for
    app                 puts it together: dispatches events to the station, carries out its effects,
                        assigns its outputs
    setup               set-up mode, in the place of the agent: an access point with a page; the try
                        that `make provision` makes
    main                outputs safe first, then the app, safe again on every way out
    boot                outside this package, first on a board: outputs safe, which program, how
                        often in vain

Who may import whom; host_tests/test_architecture.py holds this picture true:

    main -> setup -> { link, page, protocol, store, board, certificates, log, clock, tasks }
    main -> app -> station -> { charging, sessions, messaging, certificates }
                   charging -> { schedule, protocol }
                   sessions -> messaging -> protocol
            app -> control -> pilot
            app -> link -> { protocol, certificates }
            app -> house_limit -> { house, surplus_limit }
            app -> { store, board, inspection, clock, log, tasks }
            app -> transfers -> { link, diagnostics -> { inspection, station }, update }
            app -> update -> { protocol, store, clock }
            app -> network_time -> { board.time_server, clock }
            app -> page -> { station, sessions, charging, schedule, update, store }

A pure room imports its own files, units, and a few modules of the interpreter (micropython, struct,
json, binascii, hashlib, array). It holds no float, no clock and nothing async.

schedule, protocol and pilot do not know one another, and station does not know pilot: the app
says "connector 1 went to C" and gets "offer at most 16.0 A". store knows documents, not profiles.
board knows volts and contactors, not OCPP. Four values per connector cross from the agent to the
control loop: the limit, the number of phases, the permission to charge and the lock (outputs.py);
beside them what configuration keys say of a contactor's rest and of waking a vehicle. OCPP can
lower the limit, raise it up to the local limits or stop a charge; nothing that OCPP does can hold a
contactor closed."""

__version__ = "0.1.0"
