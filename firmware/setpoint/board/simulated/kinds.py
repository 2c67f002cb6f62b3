"""The JSON types that the start file and the control channel ask for, each named as a sentence
names it.

`fits(7, "a whole number")`. "... or null" also allows null. True and false are no numbers, and a
number is finite (1e999 is none).
"""

_TYPES = {
    "text": (str,),
    "a whole number": (int,),
    "a number": (int, float),
    "true or false": (bool,),
    "text or an object": (str, dict),
    "an object": (dict,),
    "a list": (list,),
}


def fits(value, kind: str) -> bool:
    if kind.endswith(" or null"):
        if value is None:
            return True
        kind = kind[:-8]
    return type(value) in _TYPES[kind] and (type(value) is not float or value - value == 0)
