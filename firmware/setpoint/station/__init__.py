"""How a charge point behaves (OCPP 1.6 edition 2): events in, actions out.

The app tells the one `Station` object what happened (a message, a card, a vehicle, the link, time) and carries out
what it answers: a list of actions,

    ("send", text)               an OCPP-J message for the central system; a long one as a list of pieces of its UTF-8
    ("outputs", connector)       its limit, phases, permit or lock changed: the app takes what the station means now
    ("clock", instant)           the central system says what time it is; `on_clock` is told if that was news
    ("ping", seconds)            the websocket's ping interval
    ("reset",)                   restart now
    ("log", level, text)

Two things do not wait in that list, because an answer depends on them: documents are written through the port
`documents` (Accepted means that the profile is in flash), transactions through the port `journal`, and meters are read
through `readings`.

    station       the object the app talks to
    registration  BootNotification, Heartbeat
    connector     what one connector is doing, and its OCPP status
    authorisation permissions that wait for a plug
    cards         who may charge, and where; loaded for each card
    cache         what the central system said about cards; loaded when it is needed
    sessions      a transaction begins, and ends
    transaction   one of them, and what its messages say
    ledger        what must be known of transactions after a power cut
    outbox        their messages, in order, until they are answered
    shapes        which lines and documents are ours; loaded where some are read
    metering      when meters are read; the register never goes back
    calls         what is asked of the central system: one CALL in flight
    reports       what it is told: StatusNotification, and what it triggers
    limits        what each connector may draw now: profiles, sharing, cable
    fallback      the limit after long silence of the central system
    charging      SetChargingProfile, ClearChargingProfile, GetCompositeSchedule
    requests      what a central system may ask, from CALL to answer
    answers       one file for each seldom-used action, loaded when it is asked for
    sampling      what stands in a MeterValues
    settings      the values of the configuration keys
    keys          what the keys are; loaded when it is needed
"""
