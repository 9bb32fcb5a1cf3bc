package schedule

import "os"

func systemPower() PowerReader { return sysfs{os.DirFS("/sys/class/power_supply")} }
