"""What the firmware does with file systems, noted for CPython, which has one that it cannot mount."""

mounted = []


def mount(device, path):
    mounted.append((device, path))


def umount(path):
    mounted[:] = [entry for entry in mounted if entry[1] != path]
