"""Has the official runner of MLPerf Tiny drive a device on a serial line that is no USB port.

Takes the runner's folder (benchmark/runner of mlcommons/tiny), the line, its baud rate, and the runner's own arguments.
No file of the runner is changed: it is told where the device is instead of looking for it among the USB ports.
"""
import os
import runpy
import sys

runner, line, baud = sys.argv[1], sys.argv[2], int(sys.argv[3])
sys.path.insert(0, runner)
# It draws its plots to files.
os.environ.setdefault("MPLBACKEND", "Agg")

import device_manager
import device_under_test


def scan(self):
    device = device_under_test.DUT(line, baud)
    self["dut"] = {"type": "dut", "name": "serial line", "instance": device}


device_manager.DeviceManager.scan = scan
devices = os.path.join(runner, "devices_kws_ic_vww.yaml")
sys.argv = ["main.py", "--device_list", devices, *sys.argv[4:]]
runpy.run_path(os.path.join(runner, "main.py"), run_name="__main__")
