"""stand-in"""

ETAG = "x"
PARTS = (b"x",)
