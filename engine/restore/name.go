package restore

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
)

// giveName puts what lies complete under the temporary name under its own. What has
// come there since the plan was made is decided about like what was there before:
// somebody made it, or it is another stored file whose name this file system takes
// for the same. False: it was decided that this one does not come.
func (t *task) giveName() (renamed string, given bool, err error) {
	for range 10 {
		if t.aside {
			to, err := t.job.setAside(t.in, t.node.Name)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return "", false, err
			}
			if err == nil {
				renamed = to
			}
		}
		if t.replace {
			err = t.in.root.Rename(t.temp, t.node.Name)
		} else {
			err = t.job.renameFree(t.in, t.temp, t.node.Name)
		}
		if err == nil {
			t.temp = ""
			return renamed, true, nil
		}
		if !errors.Is(err, fs.ErrExist) && !errors.Is(err, syscall.EISDIR) {
			return "", false, err
		}
		if t.job.existing(t) {
			return "", false, nil
		}
	}
	return "", false, err
}

// setAside renames what has a name, and gives the new name.
func (j *job) setAside(in *place, name string) (string, error) {
	for n := 1; n < 1000; n++ {
		to := BeforeRestore(name, j.Now(), n)
		err := j.renameFree(in, name, to)
		if err == nil {
			return to, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return "", err
		}
	}
	return "", fmt.Errorf("no free name for the present %q", name)
}

// renameLooking renames what may not replace anything where the system has no call
// for that. The lock keeps the names of this job from meeting.
func (j *job) renameLooking(in *place, from, to string) error {
	j.naming.Lock()
	defer j.naming.Unlock()
	if _, err := in.root.Lstat(to); err == nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: fs.ErrExist}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return in.root.Rename(from, to)
}

const tempPrefix, tempSuffix = ".holdfast-", ".part"

// tempMark is the number that makes a temporary name one of its own.
const tempMark = "0123456789abcdef"

// tempName is one that no other process chooses: in a container every one has the
// same number, and other jobs may restore into the same folder.
func (j *job) tempName() string {
	return fmt.Sprintf("%s%016x%s", j.tempStart(), rand.Uint64(), tempSuffix)
}

func (j *job) tempStart() string {
	if j.Job == "" {
		return tempPrefix
	}
	return tempPrefix + j.Job + "-"
}

// isTemp recognises what an interrupted run of this job left.
func (j *job) isTemp(name string) bool {
	mark, ok := strings.CutPrefix(name, j.tempStart())
	if ok {
		mark, ok = strings.CutSuffix(mark, tempSuffix)
	}
	return ok && len(mark) == len(tempMark) && strings.Trim(mark, tempMark) == ""
}
