"""Which image and how much memory a module has: tools/modules.py."""

from tools.modules import FAMILIES, MODULES, family_of, has_psram


def test_every_module_with_pins_has_an_image():
    for module in MODULES:
        assert family_of(module) in FAMILIES, module


def test_a_chip_with_its_own_instructions_or_peripherals_has_an_image_of_its_own():
    for module in MODULES:
        chip = "".join(module.split("-")[:2]).lower()
        family = family_of(module).split("_")[0]
        assert family == (
            chip if chip in ("esp32s2", "esp32s3", "esp32c3", "esp32c6") else "esp32"
        ), module


def test_an_image_that_drives_psram_is_for_modules_whose_pins_go_there():
    for module in MODULES:
        if family_of(module) == "esp32_psram":
            assert {16, 17} <= MODULES[module].flash, (
                "on other modules these pins may hold a contactor"
            )
        assert has_psram(module) == ("WROVER" in module or "octal" in module), module
