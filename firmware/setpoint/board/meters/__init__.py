"""Energy meters: modbus.py (a table of meters), pulse.py (S0), estimate.py (none: from what
is offered).

Each meter has the same attributes, kept up to date by its own task:

    wh            the energy register in Wh; it never goes back while there is power. None: not read
                  yet. After a power cut a register that the board counts begins at 0 again;
                  sessions/meters.py adds what it had before
    watts         power of all phases in W
    currents_da   list of three, deci-ampere in L1, L2, L3
    voltages_dv   list of three, deci-volt to neutral; None where the meter does not measure
    estimated     nothing is measured; the figures follow from what the pilot offers

and `run(on_lost)`, the task's coroutine. It calls on_lost(sentence) when the meter is lost,
on_lost(None) when it is back. A board loads the meter that its board.json names.

mains.py and p1.py are meters at the grid connection, with attributes of their own (mains.py).
modbus_rtu.py and modbus_tcp.py carry Modbus over a line and over the network; frames.py is what
protocols have in common.
"""
