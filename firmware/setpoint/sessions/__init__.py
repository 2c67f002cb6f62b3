"""Who charges: from a card to the last meter reading.

OCPP 1.6, 3.5 and 3.16. The files in the order of a session:

    cards           what a card at the reader, or a remote start, leads to; loaded for each of them
    local_list      the cards that the central system has sent, in flash; loaded when it is needed
    cache           what the central system said about cards; loaded when it is needed
    authorisation   permissions that wait for a plug
    reservations    connectors that are kept for a card; loaded while there is one
    transactions    a transaction begins, and ends
    meters          what the meters say; an energy register that never goes back
    samples         when meters are read
"""
