"""The way to the central system: one WebSocket, and the patience to keep it.

    websocket   one connection, from the URL to the last close
    session     stays connected: pings, time-outs, back-off

Time comes from the clock, bytes from the board's network port; what they mean is protocol's business.
"""
