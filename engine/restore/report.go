package restore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"holdfast/engine"
)

// reportLock makes Report see one item at a time.
type reportLock struct{ mu sync.Mutex }

func (j *job) report(item engine.JobItem) {
	j.lock.mu.Lock()
	defer j.lock.mu.Unlock()
	j.Report(item)
}

func (j *job) fail(stored, target string, size int64, why string) {
	j.Progress.Failed.Add(1)
	j.report(engine.JobItem{Path: stored, Target: target, State: engine.ItemFailed, Size: size, Reason: why})
}

func (j *job) skip(t *task, why string) {
	j.Progress.Skipped.Add(1)
	j.report(engine.JobItem{Path: t.stored, Target: t.path(), State: engine.ItemSkipped, Size: int64(t.node.Size), Reason: why})
}

func (j *job) ask(t *task) {
	j.Progress.Asking.Add(1)
	j.report(engine.JobItem{Path: t.stored, Target: t.path(), State: engine.ItemAsking, Size: int64(t.node.Size),
		Reason: "A different file with this name is there."})
}

// BeforeRestore is the name that a present file takes when a restored one needs
// its name; n counts further ones.
func BeforeRestore(name string, now time.Time, n int) string {
	ext := filepath.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	if stem == "" || len(ext) > 32 { // no ending, just a dot in a name
		stem, ext = name, ""
	}
	mark := now.Format("before restore 2 Jan 2006")
	if n > 1 {
		mark += fmt.Sprintf(" %d", n)
	}
	to := stem + " (" + mark + ")" + ext
	if len(to) > 255 { // the limit of most file systems, in bytes
		to = stem[:max(0, len(stem)-(len(to)-255))] + " (" + mark + ")" + ext
	}
	return to
}

// targetFatal finds the errors that concern the whole target: no file after this
// one would do better.
func targetFatal(path string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, errQuota):
		return &engine.Error{Op: "restore", Kind: engine.KindFull, Path: path, Err: err,
			Message: fmt.Sprintf("There is no space left for %s. The files restored so far are complete and stay. Free some space and resume, or choose another folder.", path)}
	case errors.Is(err, syscall.EROFS):
		return &engine.Error{Op: "restore", Kind: engine.KindReadOnly, Path: path, Err: err,
			Message: fmt.Sprintf("Nothing more can be written to %s: its drive can only be read now. The files restored so far are complete and stay. Make the drive writable again and resume, or choose another folder.", path)}
	}
	return nil
}

// targetError says that nothing can be written at the target, when a run begins.
func (j *job) targetError(path string, err error) error {
	nothing := "Nothing was restored."
	if j.Again {
		nothing = "Nothing more was restored; what was restored before stays."
	}
	e := &engine.Error{Op: "restore", Path: path, Err: err}
	switch {
	case errors.Is(err, syscall.EROFS):
		e.Kind = engine.KindReadOnly
		e.Message = fmt.Sprintf("%s is on a drive that can only be read. %s Choose another folder.", path, nothing)
	case errors.Is(err, fs.ErrPermission):
		e.Kind = engine.KindDenied
		e.Message = fmt.Sprintf("You may not write in %s. %s Choose another folder.", path, nothing)
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		e.Kind = engine.KindInvalid
		e.Message = fmt.Sprintf("%s cannot be a folder, because a file has that name or stands on the way to it. %s Choose another folder.", path, nothing)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, errQuota):
		return targetFatal(path, syscall.ENOSPC)
	default:
		e.Kind = engine.KindOther
		e.Message = fmt.Sprintf("%s cannot be used: %s. %s Choose another folder.", path, reason(err), nothing)
	}
	return e
}

// reason is the system's word for an error, without paths and operations.
func reason(err error) string {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		err = path.Err
	case errors.As(err, &link):
		err = link.Err
	}
	if errors.Is(err, fs.ErrPermission) {
		return "you have no permission"
	}
	return err.Error()
}
