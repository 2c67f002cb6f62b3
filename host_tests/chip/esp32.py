"""`esp32` on the model in chip.py."""

from chip import CHIP


class NVS:
    def __init__(self, namespace):
        self._namespace = namespace

    def get_i32(self, key):
        if (self._namespace, key) not in CHIP.nvs:
            raise OSError(-4354)  # ESP_ERR_NVS_NOT_FOUND
        return CHIP.nvs[self._namespace, key]

    def set_i32(self, key, value):
        assert len(key) <= 15 and -(1 << 31) <= value < 1 << 31
        CHIP.nvs[self._namespace, key] = value

    def commit(self):
        CHIP.kept = dict(CHIP.nvs)
