package local

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/windows"

	"holdfast/engine/storage"
)

// fileMode: anything without the write bit becomes the read-only attribute, which
// keeps other programs from deleting the file.
const fileMode = 0o600

var errorTable = []errorRow{
	{storage.ErrFull, []syscall.Errno{windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED}},
	{storage.ErrReadOnly, []syscall.Errno{windows.ERROR_WRITE_PROTECT}},
	{storage.ErrUnreachable, []syscall.Errno{
		windows.ERROR_FILE_NOT_FOUND, windows.ERROR_PATH_NOT_FOUND, windows.ERROR_INVALID_DRIVE,
		windows.ERROR_NOT_READY, windows.ERROR_BAD_UNIT, windows.ERROR_DEV_NOT_EXIST,
		windows.ERROR_BAD_NETPATH, windows.ERROR_BAD_NET_NAME, windows.ERROR_NETNAME_DELETED,
		windows.ERROR_UNEXP_NET_ERR, windows.ERROR_NETWORK_UNREACHABLE, windows.ERROR_HOST_UNREACHABLE,
		windows.ERROR_SEM_TIMEOUT, windows.ERROR_NO_SUCH_DEVICE, windows.ERROR_DEVICE_NOT_CONNECTED,
		windows.ERROR_NO_MEDIA_IN_DRIVE,
	}},
	{storage.ErrDenied, []syscall.Errno{windows.ERROR_ACCESS_DENIED}},
}

func isInputOutput(err error) bool {
	return errors.Is(err, windows.ERROR_IO_DEVICE) || errors.Is(err, windows.ERROR_GEN_FAILURE)
}

func deviceGone(root string) bool {
	_, err := os.Stat(root)
	return err != nil
}

func syncFile(f *os.File) error { return f.Sync() }

// syncFolder: folders cannot be flushed here. NTFS logs names, and the rename below
// returns when it is on the disk.
func syncFolder(string) error { return nil }

func freeBytes(dir string) (int64, error) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return -1, err
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(path, &free, nil, nil); err != nil {
		return -1, os.NewSyscallError("GetDiskFreeSpaceEx", err)
	}
	return int64(free), nil
}

// naming gives a finished file its name without replacing another.
type naming struct{}

func (naming) give(temporary, target string) error {
	from, err := windows.UTF16PtrFromString(temporary)
	if err != nil {
		return err
	}
	to, err := windows.UTF16PtrFromString(target)
	if err != nil {
		return err
	}
	if err := windows.MoveFileEx(from, to, windows.MOVEFILE_WRITE_THROUGH); err != nil {
		return &os.LinkError{Op: "rename", Old: temporary, New: target, Err: err}
	}
	return nil
}
