"""What the firmware does with file systems, noted for CPython, which has one that it cannot
mount."""

mounted = []


class VfsLfs2:
    def __init__(self, device, readsize, progsize, lookahead):
        pass


def mount(device, path):
    mounted.append((device, path))


def umount(path):
    mounted[:] = [entry for entry in mounted if entry[1] != path]
