"""Files in RAM, whose power fails at any byte that is written: either as littlefs does (a file that
is being written keeps its old content until it is closed) or as the plainest of file systems (what
was written so far is there)."""


class PowerCut(BaseException):
    """Power fails."""


class FilesInRam:
    """Stands in for the file system; files by path. `left`: so many bytes can be written, files
    renamed or removed, before power fails."""

    def __init__(self, whole):
        self.whole = whole  # content appears when a file is closed
        self.files = {}
        self.left = None

    def _spend(self, count=1):
        """How many of so many steps happen."""
        if self.left is None:
            return count
        count = min(count, self.left)
        self.left -= count
        return count

    def _step(self):
        if not self._spend():
            raise PowerCut

    def open(self, path, mode):
        if mode == "rb":
            if path not in self.files:
                raise OSError(2)
            return Reading(self.files[path])
        return Writing(self, path, b"" if mode == "wb" else self.files.get(path, b""))

    def listdir(self, folder):
        return [path.rsplit("/", 1)[1] for path in self.files if path.startswith(folder + "/")]

    def stat(self, path):
        return (0, 0, 0, 0, 0, 0, len(self.files[path]))

    def mkdir(self, folder):
        pass

    def rename(self, old, new):
        self._step()
        self.files[new] = self.files.pop(old)

    def remove(self, path):
        self._step()
        if path not in self.files:
            raise OSError(2)
        del self.files[path]


class Reading:
    def __init__(self, content):
        self.content, self.at = content, 0

    def __enter__(self):
        return self

    def __exit__(self, *how):
        pass

    def seek(self, at):
        self.at = at

    def readline(self, most):
        end = self.content.find(b"\n", self.at)
        end = len(self.content) if end < 0 else end + 1
        start, self.at = self.at, min(end, self.at + most)
        return self.content[start : self.at]


class Writing:
    def __init__(self, flash, path, content):
        self.flash, self.path, self.content = flash, path, content

    def __enter__(self):
        self.flash._step()
        if not self.flash.whole or self.path not in self.flash.files:
            self.flash.files[self.path] = b"" if self.flash.whole else self.content
        return self

    def write(self, data):
        count = self.flash._spend(len(data))
        self.content += data[:count]
        if not self.flash.whole:
            self.flash.files[self.path] = self.content
        if count < len(data):
            raise PowerCut
        return count

    def __exit__(self, kind, *rest):
        if kind is None:
            self.flash._step()
            self.flash.files[self.path] = self.content
