"""`ntptime` on the model in chip.py."""

from chip import CHIP


def settime():
    if not CHIP.ntp_answers:
        raise OSError(110)
    CHIP.system_time_set.append("NTP")
