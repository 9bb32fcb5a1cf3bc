package source

import (
	"os"
	"syscall"

	"golang.org/x/sys/windows"

	"holdfast/engine/repo"
)

const openFlags = 0

func (e *Entry) fromSystem(fi os.FileInfo) {
	data, ok := fi.Sys().(*syscall.Win32FileAttributeData)
	if !ok {
		return
	}
	const elsewhere = windows.FILE_ATTRIBUTE_OFFLINE | windows.FILE_ATTRIBUTE_RECALL_ON_OPEN |
		windows.FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS
	e.Placeholder = data.FileAttributes&elsewhere != 0
	if e.Placeholder {
		e.Allocated = 0
	}
	// A junction is a link to another folder: Go calls it irregular, because a link of
	// the POSIX kind it is not. It is never descended into.
	if data.FileAttributes&windows.FILE_ATTRIBUTE_REPARSE_POINT != 0 && e.Kind == KindDir {
		e.Kind = KindOther
	}
}

func (d *dir) nodeSystem(_ Entry, _ *repo.Node, errs []error) []error { return errs }
