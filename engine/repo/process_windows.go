package repo

import (
	"errors"

	"golang.org/x/sys/windows"
)

// processAlive says whether there is such a process. When in doubt there is.
func processAlive(pid int) bool {
	process, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION|windows.SYNCHRONIZE, false, uint32(pid))
	if err != nil {
		return !errors.Is(err, windows.ERROR_INVALID_PARAMETER)
	}
	defer windows.CloseHandle(process)
	state, err := windows.WaitForSingleObject(process, 0)
	return err != nil || state != windows.WAIT_OBJECT_0
}

// surviveHangup does nothing: other programs open the process to see if it lives.
func surviveHangup() (undo func()) { return func() {} }
