"""What the station sends to the central system, and how it arrives.

The messages of transactions are kept in flash until they are answered.

    calls             one CALL in flight, the rest in order
    outbox            the messages of transactions, until they are answered
    ledger            what must be known of transactions after a power cut
    transaction       one of them, and what its messages say
    sampling          what stands in a MeterValues
    shapes            which lines and documents are ours; loaded where some are read
    losses            a message after which the connection is lost again and again
    registration      BootNotification, Heartbeat
    statuses          StatusNotification
    security_events   SecurityEventNotification
"""
