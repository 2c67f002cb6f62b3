"""The connection to the central system: one WebSocket, opened again whenever it is lost.

    websocket   one connection, from the URL to the last close
    session     stays connected: pings, time-outs, back-off
    http        files to and from a web server
    ftp         files to an FTP server

Time comes from the clock, bytes from the board's network port. The room `protocol` knows what they
mean.
"""
