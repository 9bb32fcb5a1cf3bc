package restore

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"holdfast/engine"
	"holdfast/engine/repo"
)

// mode is the mode that a restored entry gets. With "mine" the bits that lend
// somebody's rights (setuid, setgid, sticky) are not given back.
func (j *job) mode(stored fs.FileMode) fs.FileMode {
	if j.Permissions == engine.PermissionsOriginal {
		return stored & (fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky)
	}
	return stored & fs.ModePerm
}

// createMode is the mode a file is created with: never wider than the stored one.
func (j *job) createMode(stored fs.FileMode) fs.FileMode { return stored & fs.ModePerm }

// setFile gives an open file its metadata. What could not be set is told in the
// sentence that comes back; the content is there in any case.
func (j *job) setFile(f *os.File, node *repo.Node) string {
	var missing []string
	if j.Permissions == engine.PermissionsOriginal {
		if err := setOwner(f, node); err != nil {
			missing = append(missing, "owner")
		}
		if len(node.ExtendedAttributes) > 0 {
			if err := setAttributes(f, node.ExtendedAttributes); err != nil {
				missing = append(missing, "extended attributes")
			}
		}
	}
	want := j.mode(node.Mode)
	if want&^fs.ModePerm != 0 || want&j.umask != 0 || j.Permissions == engine.PermissionsOriginal && len(node.ExtendedAttributes) > 0 {
		if err := f.Chmod(want); err != nil {
			missing = append(missing, "permissions")
		}
	}
	if err := setTimes(f, node); err != nil {
		missing = append(missing, "time")
	}
	if len(missing) == 0 {
		return ""
	}
	return "It was restored, but this could not be set: " + strings.Join(missing, ", ") + "."
}

// setFolder gives a folder its metadata, when everything in it is done.
func (j *job) setFolder(p *place) error {
	if !p.created && !p.begun && j.Permissions != engine.PermissionsOriginal {
		return nil // somebody's folder that was here before
	}
	f := p.dir
	var errs []error
	if j.Permissions == engine.PermissionsOriginal {
		errs = append(errs, setOwner(f, p.node))
		if len(p.node.ExtendedAttributes) > 0 {
			errs = append(errs, setAttributes(f, p.node.ExtendedAttributes))
		}
	}
	errs = append(errs, f.Chmod(j.mode(p.node.Mode)), setTimes(f, p.node))
	return errors.Join(errs...)
}
