# Setpoint. `make` alone lists the verbs; each sets up what it needs, in .venv and build, on its first use.
#
#   PYTHON=python3.12        which Python makes the virtual environment (3.10 or newer)
#   MICROPYTHON=/a/path      another interpreter for the station instead of the one from the lock file
#   ARGS="..."               more arguments for the verb's tool, or for pytest

PYTHON ?= python3
PY      = .venv/bin/python
LOCK    = uv pip compile -q --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade
export MICROPYTHON

help:             ## this list
	@awk -F ':.*## ' '/^##/ {print "\n" substr($$0, 4)} /^[a-z0-9]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' Makefile

## Try it
demo: .venv/ready ## a charge point, a central system and a vehicle for a minute; checks what it saw, draws build/demo.svg
	@$(PY) -m tools.demo $(ARGS)

central: .venv/ready ## a central system to use by hand, against a real board too: ws://this-machine:9000
	@$(PY) -m tools.central $(ARGS)

station: .venv/ready ## a simulated station, with a prompt: make station ARGS=START.json
	@tools/station --by-hand $(ARGS)

plot: .venv/ready ## draw a day of profiles and the limit that results: make plot ARGS="CASE.json --out day.svg"
	@$(PY) -m tools.plot $(ARGS)

## Check it
test: .venv/ready ## every test, on CPython and on MicroPython
	@$(PY) -m pytest -n 4 $(ARGS)

lint: .venv/ready ## style and types
	@$(PY) -m ruff check . && $(PY) -m mypy

boards: .venv/ready ## check the boards' descriptions; one of your own: make boards ARGS=my/board.json
	@$(PY) -m tools.boards $(ARGS)

bench: .venv/ready ## speed, memory and flash wear beside the goals and C++ peers; takes up to eight minutes, writes build/bench.json
	@$(PY) -m tools.benchmark $(ARGS)

faults: .venv/ready ## power cuts, damaged flash, kills, a hostile central system: what the station survives; takes three quarters of an hour
	@$(PY) -m pytest -vv -n 4 -m faults host_tests/faults $(ARGS)

soak: .venv/ready ## 30 simulated days of charges, outages, restarts and faults on the smallest heap; takes a quarter of an hour
	@$(PY) -m tools.soak $(ARGS)

micropython32: .venv/ready ## the 32-bit MicroPython with the firmware frozen in, nearest to an ESP32; the tests build it too
	@$(PY) -m tools.micropython32 $(ARGS)

riscv32: .venv/ready ## the portable tests and instruction counts on a bare 32-bit chip, emulated; takes two minutes
	@$(PY) -m tools.riscv32 $(ARGS)

## Onto a board: docs/onto-a-board.md says more
micropython: .venv/ready ## build the image of a board's chip, which takes ESP-IDF or Docker: make micropython BOARD=esp32_devkitc
	@$(PY) -m tools.micropython $(if $(BOARD),--board $(BOARD)) $(ARGS)

build: .venv/ready ## compile for a board with PSRAM and check: make build BOARD=esp32s3_devkitc
	@$(PY) -m tools.build $(if $(BOARD),--board $(BOARD)) $(ARGS)

image: .venv/ready ## its file system as an image: make image BOARD=... FIRMWARE=setpoint.bin
	@$(PY) -m tools.image $(if $(BOARD),--board $(BOARD)) $(if $(FIRMWARE),--firmware $(FIRMWARE)) $(ARGS)

installer: .venv/ready ## what a web page needs to install it from a browser: make installer BOARD=... FIRMWARE=setpoint.bin
	@$(PY) -m tools.installer $(if $(BOARD),--board $(BOARD)) $(if $(FIRMWARE),--firmware $(FIRMWARE)) $(ARGS)

flash: .venv/ready ## Setpoint onto a chip: make flash BOARD=esp32_devkitc PORT=/dev/ttyUSB0 FIRMWARE=setpoint-0.1.0-esp32.bin
	@$(PY) -m tools.flash $(if $(BOARD),--board $(BOARD)) $(if $(PORT),--port $(PORT)) $(if $(FIRMWARE),--firmware $(FIRMWARE)) $(ARGS)

deploy: .venv/ready ## the present firmware into the files of a board with PSRAM: make deploy PORT=/dev/ttyUSB0
	@$(PY) -m tools.deploy $(if $(PORT),--port $(PORT)) $(if $(BOARD),--board $(BOARD)) $(ARGS)

update: .venv/ready ## a file for UpdateFirmware: make update FIRMWARE=setpoint-0.2.0-esp32-app.bin, or BOARD=esp32s3_devkitc
	@$(PY) -m tools.update $(if $(FIRMWARE),--firmware $(FIRMWARE)) $(if $(BOARD),--board $(BOARD)) $(ARGS)

selftest: .venv/ready ## 20 checks of a board: make selftest BOARD=esp32_devkitc on the model, PORT=/dev/ttyUSB0 on the board itself
	@$(PY) -m tools.selftest $(if $(PORT),--port $(PORT)) $(if $(BOARD),--board $(BOARD)) $(ARGS)

provision: .venv/ready ## tell a board its Wi-Fi, central system and id, and let it try them: make provision PORT=/dev/ttyUSB0
	@$(PY) -m tools.provision $(if $(PORT),--port $(PORT)) $(ARGS)

monitor: .venv/ready ## the board's log as it comes, and the state of each connector: make monitor PORT=/dev/ttyUSB0
	@$(PY) -m tools.monitor $(if $(PORT),--port $(PORT)) $(ARGS)

logs: .venv/ready ## what the board keeps of its log in flash; stops it and restarts it: make logs PORT=/dev/ttyUSB0
	@$(PY) -m tools.logs $(if $(PORT),--port $(PORT)) $(ARGS)

## Keep house
page: .venv/ready ## the station's web page into the firmware, after a change in tools/page
	@$(PY) -m tools.page $(ARGS)

roots: .venv/ready ## the public authorities that set-up mode tries into the firmware, after a new certifi
	@$(PY) -m tools.public_roots $(ARGS)

screenshots: .venv/ready ## the pictures of that page in docs, taken of a simulated charge; needs Chromium
	@$(PY) -m tools.screenshots $(ARGS)

packages: .venv/ready ## write the lists for mip anew, after a file of the firmware came or went
	@$(PY) -m tools.packages $(ARGS)

wheel: .venv/ready ## the scheduler alone as a wheel for CPython, tried in a fresh environment
	@$(PY) -m tools.wheel $(ARGS)

setup: .venv/ready ## only set up; every verb does it by itself

lock:             ## write the lock files anew from pyproject.toml (needs uv)
	$(LOCK) --group build -o requirements-build.lock && $(LOCK) --group host -o requirements.lock

clean:            ## remove what the verbs made
	rm -rf .venv build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/ready: requirements.lock requirements-build.lock tools/set_up.py
	@command -v $(PYTHON) >/dev/null || { echo "Set-up: there is no $(PYTHON) here. Name another one: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) tools/set_up.py .venv
	@touch $@

.PHONY: help setup demo central station plot test lint boards bench faults soak micropython32 riscv32 micropython build image installer flash deploy update selftest provision monitor logs page roots screenshots packages wheel lock clean
