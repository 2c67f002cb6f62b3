"""What a central system may ask, one file for each action, named like it in small letters.

Each has one function, `answer(station, request)`: the checked fields of the request in, the payload
of the answer out. What follows from a request, after its answer, is left to `station.later`. A file
is loaded when its action is asked for (requests.py, late.py) and holds no heap in between; it may
not use private names of others."""
