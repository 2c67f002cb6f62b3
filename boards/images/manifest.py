# The program inside MicroPython's own image, as it is written: every image has it, and so has the 32-bit interpreter of the tests.
package("setpoint", base_path="../../firmware")
