"""Set-up mode: a station without an identity, or whose button was held at power-up, is told with a
phone what it needs to know. It runs in the place of the agent, of which nothing is loaded, and the
outputs stay safe.

    mode       runs it: the access point, who may ask what, 15 minutes, the restart
    phases     how far it has come
    guests     takes connections
    serving    the page, and the JSON under it
    names      answers every DNS name with the station's own address, so that the phone shows the
               page by itself
    improv     Wi-Fi from a browser at the serial line
    wishes     what a person wants -> an identity, or what is wrong with it
    trial      one try to connect, step by step; `make provision` uses it too
    search     which public authority is behind a central system
    password   the station's own: of its access point, and of its page
    document   the page; made by `make page` from tools/page
"""
