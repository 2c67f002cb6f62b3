"""The charge point as the app sees it (OCPP 1.6 edition 2): events in, effects and outputs out.

After each event the app carries out the effects, in order,

    ("send", text)               an OCPP-J message for the central system; a long one as a list of
                                 pieces of its UTF-8
    ("clock", instant, into_second_ms)   the central system says what time it is; the app calls
                                         `on_clock` if that was news
    ("ping", seconds)            the websocket's ping interval
    ("renew",)                   connect anew, with other credentials
    ("transfer", name, job)      fetch or send a file; seldom.py's `transfer_ended` is told how
    ("place", verb)              start new firmware, keep it, or give it up (update/work.py)
    ("reset",)                   restart now

and hands to the control loop what every connector may do by then. Two things do not wait for the
end of a pass, because an answer depends on them: documents are written through the port `documents`
(Accepted means that the profile is in flash), transactions through the port `journal`; and meters
are read through `readings`.

    station       the object the app talks to: one pass for each event
    facts         what is true at the event at hand
    connector     what one connector is doing, and its OCPP status
    seldom        what happens a few times a day; loaded for it
    long_work     requests that take long; loaded for each
    restart       the restart that a Reset asks for
    update        an update of the firmware, from its request to the report of how it ended
    signed_update an update that the manufacturer must have signed
    signing       the station's own key pair, and the request to have its certificate signed
    upload        a file that a central system asked for, from its request to how it ended
    settings      the values of the configuration keys
    keys          what the keys are; loaded when it is needed
    credentials   security profiles and the AuthorizationKey; loaded when they are needed
    requests      what a central system may ask, from CALL to answer
    answers       one file for each seldom-used action, loaded when it is asked for
"""
