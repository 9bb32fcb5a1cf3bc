package schedule

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

type windowsPower struct{}

func systemPower() PowerReader { return windowsPower{} }

var getSystemPowerStatus = windows.NewLazySystemDLL("kernel32.dll").NewProc("GetSystemPowerStatus")

// Power asks as SYSTEM_POWER_STATUS is documented: line 0 is battery, 255 unknown.
func (windowsPower) Power() Power {
	var status struct {
		line, flag, percent, system byte
		life, full                  uint32
	}
	if ok, _, _ := getSystemPowerStatus.Call(uintptr(unsafe.Pointer(&status))); ok == 0 || status.line != 0 {
		return Power{}
	}
	if status.percent > 100 {
		return Power{Battery: true, Percent: -1}
	}
	return Power{Battery: true, Percent: int(status.percent)}
}
