"""What a station keeps in flash, in RAM: no file system, no checksums."""

import json


class JournalInRam:
    """Stands in for store.journal.Journal: one segment; `fails` makes every write raise."""

    def __init__(self):
        self.segments = []
        self.lines = []
        self.marked = []
        self.problems = []
        self.fails = False

    def read(self, segment, offset):
        return (self.lines[offset], 1, offset + 1) if offset < len(self.lines) else None

    def append(self, lines, owner):
        heading = [] if self.segments else [owner.heading()]
        self.changes()
        self.segments = [1]
        self.lines += heading + lines

    def drop_before(self, segment):
        pass

    def mark(self, text):
        self.changes()
        self.marked.append(text)

    def marks(self):
        return self.marked[-2:]

    def changes(self):
        """Raises where flash cannot be written."""
        if self.fails:
            raise OSError(28)


class DocumentsInRam:
    """Stands in for store.documents.Documents, with a journal beside them; `fails` makes every
    write of a document raise."""

    def __init__(self):
        self.kept = {}
        self.journal = JournalInRam()
        self.problems = []
        self.writes = 0
        self.fails = False

    def read(self, name, like=None, understand=None):
        if name not in self.kept:
            return like
        value = json.loads(self.kept[name])
        try:
            return value if understand is None else understand(value)
        except (ValueError, TypeError, LookupError):
            return like

    def names(self):
        return sorted(self.kept)

    def write(self, name, value):
        text = json.dumps(value)
        assert json.loads(text) == value, (name, value)
        if self.kept.get(name) == text:
            return False
        self.changes()
        self.kept[name] = text
        self.writes += 1
        return True

    def remove(self, name):
        self.kept.pop(name, None)

    def changes(self):
        """Raises where flash cannot be written."""
        if self.fails:
            raise OSError(28)
