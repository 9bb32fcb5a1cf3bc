package source

import (
	"errors"

	"golang.org/x/sys/windows"
)

func oneOf(err error, numbers ...error) bool {
	for _, n := range numbers {
		if errors.Is(err, n) {
			return true
		}
	}
	return false
}

func isVanished(err error) bool {
	return oneOf(err, windows.ERROR_PATH_NOT_FOUND, windows.ERROR_DELETE_PENDING)
}

func isLocked(err error) bool {
	return oneOf(err, windows.ERROR_SHARING_VIOLATION, windows.ERROR_LOCK_VIOLATION, windows.ERROR_USER_MAPPED_FILE)
}

func isAbsent(err error) bool {
	return oneOf(err, windows.ERROR_NOT_READY, windows.ERROR_BAD_NETPATH, windows.ERROR_BAD_NET_NAME,
		windows.ERROR_NETNAME_DELETED, windows.ERROR_DEV_NOT_EXIST, windows.ERROR_NETWORK_UNREACHABLE,
		windows.ERROR_HOST_UNREACHABLE, windows.ERROR_DEVICE_NOT_CONNECTED)
}

func isTooMany(err error) bool {
	return oneOf(err, windows.ERROR_TOO_MANY_OPEN_FILES, windows.ERROR_NOT_ENOUGH_MEMORY)
}

func isSpecial(err error) bool {
	return oneOf(err, windows.ERROR_NOT_SUPPORTED, windows.ERROR_INVALID_FUNCTION, windows.ERROR_CANT_ACCESS_FILE)
}

func isDamaged(err error) bool {
	return oneOf(err, windows.ERROR_CRC, windows.ERROR_IO_DEVICE, windows.ERROR_FILE_CORRUPT,
		windows.ERROR_DISK_CORRUPT, windows.ERROR_SECTOR_NOT_FOUND, windows.ERROR_READ_FAULT)
}
