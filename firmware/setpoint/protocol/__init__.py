"""What OCPP 1.6 over WebSocket looks like: bytes and text in, events and clean values out.

    handshake   how a connection is opened, byte by byte (RFC 6455, section 4)
    websocket   bytes of a connection   -> ("text", ...), ("ping", ...) (RFC 6455, section 5)
    ocppj       text                    -> (2, id, action, payload) (OCPP-J 1.6, section 4)
    requests    action                  -> the fields of its request (OCPP 1.6, section 6)
    answers     action                  -> the fields of its answer
    fields      payload + table         -> clean values (instants, tenths)
    exchange    our own calls           -> one in flight, matched with its answer
    iso8601     "2025-06-15T00:00:03Z" <-> instant
    urls        the parts of a file's URL
    http        bytes of a web server      -> a head, and pieces of a file (RFC 9112)
    http_request   bytes of a web browser  -> what it asks for (RFC 9112)
    dns         a host's name           -> the question for its address (RFC 1035)
    dns_server  a question              -> the station's own address, in set-up mode
    improv      bytes of a serial line  -> what a browser at it asks, in set-up mode
    errors      what a peer that is wrong is answered

Rule 1: nothing here reads a clock, opens a socket or waits. Time and randomness are arguments.
Rule 2: whatever a peer sends leads to a value, or to one of the errors that the docstrings name.
"""
