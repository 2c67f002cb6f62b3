"""Makes the virtual environment that every verb of the Makefile runs in: `python3 tools/set_up.py
.venv`.

Needs Python 3.10 or newer with its venv module, and a network that reaches the Python package
index. Every package is pinned and hashed. The file itself stays readable for older Pythons, so that
they can say why not."""

import glob
import os
import shutil
import subprocess
import sys

# MicroPython's type stubs that mypy is to know; those of CPython's own modules stay out of its way
STUBS = """_mpy_shed ds18x20.pyi esp32.pyi machine.pyi micropython.pyi neopixel.pyi network.pyi onewire.pyi tls.pyi""".split()
# In this order: the first builds what the second needs
LOCKS = ("requirements-build.lock", "requirements.lock")
EVERY = 20  # one line of progress per so many packages


def fail(sentence):
    sys.exit("Set-up: " + sentence)


def check_python():
    """Says in a sentence what is missing, if anything is."""
    if sys.version_info < (3, 10):
        fail(
            "Python 3.10 or newer is needed, and %s is %d.%d. Name another one: make PYTHON=python3.12 ..."
            % (sys.executable, sys.version_info[0], sys.version_info[1])
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        fail(
            "%s has no venv module. On Debian and Ubuntu: apt install python3-venv. Or name another Python: "
            "make PYTHON=python3.12 ..." % sys.executable
        )


def install(python, lock):
    """Installs one lock file, with a line of progress now and then."""
    command = [python, "-m", "pip", "install", "--require-hashes", "--no-build-isolation"]
    command += ["--no-compile", "--disable-pip-version-check"]
    if not has_cache(python):
        # Some versions of pip stumble over one that they cannot write to
        command.append("--no-cache-dir")
    pip = subprocess.Popen(
        command + ["-r", lock], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    seen = []
    packages = 0
    for line in pip.stdout:
        seen.append(line)
        if line.startswith(("Collecting ", "Processing ")):
            packages += 1
            if packages % EVERY == 0:
                print("  %d packages fetched" % packages, flush=True)
        elif line.startswith("Installing ") and packages >= EVERY:
            print("  %d packages fetched, unpacking them" % packages, flush=True)
    if pip.wait() != 0:
        if any("NewConnectionError" in line or "ConnectTimeoutError" in line for line in seen):
            fail(
                "the Python package index cannot be reached. Is there a network? pip's last word: "
                + seen[-2 if seen[-1] == "\n" else -1].strip()
            )
        fail("pip could not install %s:\n\n%s" % (lock, "".join(seen[-15:])))


def has_cache(python):
    """True if pip's cache of downloads can be written to."""
    asked = subprocess.run(
        [python, "-m", "pip", "cache", "dir"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        os.makedirs(asked.stdout.strip(), exist_ok=True)
    except OSError:
        return False
    return os.access(asked.stdout.strip(), os.W_OK)


def link_stubs(folder):
    """Makes `typings` in the virtual environment, where pyproject.toml has mypy look."""
    typings = os.path.join(folder, "typings")
    shutil.rmtree(typings, ignore_errors=True)
    os.mkdir(typings)
    packages = glob.glob(os.path.join(folder, "lib", "python3*", "site-packages"))[0]
    for stub in STUBS:
        os.symlink(
            os.path.relpath(os.path.join(packages, stub), typings), os.path.join(typings, stub)
        )


def main(folder):
    check_python()
    python = os.path.join(folder, "bin", "python")
    print(
        "Setting up %s with Python %s (once; about 470 MB)" % (folder, sys.version.split()[0]),
        flush=True,
    )
    if os.path.isdir(folder) and not runs(python):
        shutil.rmtree(folder)  # from a Python that is gone, or broken off half-way
    if not os.path.isdir(folder):
        subprocess.check_call([sys.executable, "-m", "venv", folder])
    for lock in LOCKS:
        install(python, lock)
    link_stubs(folder)


def runs(python):
    """True if a virtual environment's Python is there, new enough and has pip."""
    try:
        check = "import sys, pip; sys.exit(sys.version_info < (3, 10))"
        return subprocess.call([python, "-c", check], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:
        fail("stopped. The next verb goes on with it.")
