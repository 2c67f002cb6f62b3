"""Which public authority is behind a central system: nobody can tell that on a phone. The trial tries
one after the other, each alone.

    search = Search(the board's public_roots(), path)
    while search.next(): a try with `path` as ca_file

What works is then the only one in the file."""

from ..store.files import write_file


class Search:
    """roots: yields (name, DER), the likeliest first. path: of the file for the one that is tried."""

    def __init__(self, roots, path: str) -> None:
        self.name = ""  # of the one in the file
        self.tried = 0
        self.found = False  # a server answered inside TLS with the one in the file
        self._roots = iter(roots)
        self._path = path

    def next(self) -> bool:
        """Puts the next one into the file. False: there is none. Raises OSError."""
        from ..certificates import pem

        for name, der in self._roots:
            self.name = name
            write_file(self._path, "wb", pem.text_of(der).encode())
            self.tried += 1
            return True
        return False
