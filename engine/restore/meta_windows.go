package restore

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"

	"holdfast/engine/repo"
)

const openNoFollow = 0

var errQuota error = windows.ERROR_DISK_QUOTA_EXCEEDED

// badSector says that a place of a drive cannot be read.
func badSector(err error) bool {
	return errors.Is(err, windows.ERROR_CRC) || errors.Is(err, windows.ERROR_SECTOR_NOT_FOUND) || errors.Is(err, windows.ERROR_IO_DEVICE)
}

func umask() fs.FileMode { return 0 }

// setOwner does nothing: the stored numbers mean nothing on Windows.
func setOwner(*os.File, *repo.Node) error { return nil }

func setTimes(f *os.File, node *repo.Node) error {
	access := windows.NsecToFiletime(node.AccessTime.UnixNano())
	mod := windows.NsecToFiletime(node.ModTime.UnixNano())
	return windows.SetFileTime(windows.Handle(f.Fd()), nil, &access, &mod)
}

func setAttributes(*os.File, []repo.ExtendedAttribute) error {
	return errors.New("this system has no extended attributes")
}

func (j *job) setLink(*place, *repo.Node) error { return nil }

func sameSpecial(*repo.Node, fs.FileInfo) bool { return false }

func (j *job) makeSpecial(*place, *repo.Node) error {
	return errors.New("this system has no such entries")
}

// syncTree does nothing: Windows has no call for a whole tree, and files are
// written through by the system within seconds.
func syncTree(string) error { return nil }
