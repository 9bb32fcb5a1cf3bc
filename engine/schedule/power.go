package schedule

import (
	"io/fs"
	"strconv"
	"strings"
)

// Power is where the electricity comes from. The zero value is a computer that is
// plugged in, or of which nothing is known.
type Power struct {
	Battery bool // it runs on its battery now
	Percent int  // of the battery, -1 when unknown; only with Battery
}

// PowerReader reads the power of this computer. Reading takes no more than moments.
type PowerReader interface {
	Power() Power
}

// SystemPower is the reader of this operating system; where there is none, the
// computer counts as plugged in.
func SystemPower() PowerReader { return systemPower() }

// Fixed is a reader that always says the same.
type Fixed Power

func (f Fixed) Power() Power { return Power(f) }

// sysfs reads the folder /sys/class/power_supply as the kernel describes it in
// Documentation/ABI/testing/sysfs-class-power.
type sysfs struct{ fs.FS }

func (s sysfs) Power() Power {
	supplies, err := fs.ReadDir(s.FS, ".")
	if err != nil {
		return Power{}
	}
	discharging, plugged := false, false
	percent, batteries := 0, 0
	for _, supply := range supplies {
		value := func(name string) string {
			data, err := fs.ReadFile(s.FS, supply.Name()+"/"+name)
			if err != nil {
				return ""
			}
			return strings.TrimSpace(string(data))
		}
		if value("scope") == "Device" || value("present") == "0" {
			continue // the battery of a mouse, an empty slot
		}
		switch value("type") {
		case "Mains", "USB", "Wireless":
			plugged = plugged || value("online") == "1"
		case "Battery", "UPS":
			discharging = discharging || value("status") == "Discharging"
			if p, err := strconv.Atoi(value("capacity")); err == nil {
				percent += p
				batteries++
			}
		}
	}
	if plugged || !discharging {
		return Power{}
	}
	if batteries == 0 {
		return Power{Battery: true, Percent: -1}
	}
	return Power{Battery: true, Percent: percent / batteries}
}
