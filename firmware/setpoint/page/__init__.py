"""The station's own web page in the home network, and the JSON under it (docs/http.md).

    page        all that stays in memory: a look at whether somebody waits
    opening     opens the port at the start
    guests      is there while somebody is connected
    listening   takes connections, two at most
    exchange    one request and its answer, over a stream
    serving     which request gets which answer
    access      the owner's password, and the token that follows from it
    state       what the station does and why, as JSON
    reasons     what limits, as JSON
    bounds      the bound of a connector at any instant
    curves      the hours ahead: every source of a limit, and the limit
    actions     what the owner may do
    owner       the owner's own limits, which hold until they are lifted
    texts       the log, and the weekly plan
    cards       the local list, where no central system keeps it
    sessions    the last sessions, in flash
    install     new firmware from a file
    document    the page itself, made by `make page`

Rules:
1. Nothing is loaded but page.py while nobody is connected (late.py).
2. An action is an event of the station, led through a pass by App.dispatch. Whoever only looks changes
   nothing.
3. Nothing of any length is put together: answers leave piece by piece, and between two pieces
   everything else has its turn.
4. No answer holds a secret."""
