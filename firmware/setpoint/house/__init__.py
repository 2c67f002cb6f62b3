"""What the house leaves for vehicles: limits that follow from the meter at the grid connection.

mains         main fuse minus what the house draws without us: the total of all connectors
follows       what our vehicles draw of it, where nobody measures
surplus       what the house would feed in: a total that vehicles follow
rotation      which phase of the grid a connector's L1, L2 and L3 are
"""
