package restore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
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
	f, err := p.root.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
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

// finishDeferred makes a link or a special file.
func (j *job) finishDeferred(p *place, d deferred) {
	path := filepath.Join(p.path, d.node.Name)
	renamed := ""
	if d.link != nil && !d.link.restored.Load() {
		j.fail(d.stored, path, int64(d.node.Size), "It is another name of "+d.link.path+", which could not be restored.")
		return
	}
	if info, err := p.root.Lstat(d.node.Name); err == nil {
		if j.samePresent(p, d, info) {
			j.made(d, path, "")
			return
		}
		choice := j.Exists
		if answer, ok := j.Answers[path]; ok {
			choice = answer
		}
		t := &task{job: j, in: p, node: d.node, stored: d.stored}
		switch {
		case choice == engine.ExistingKeep:
			j.skip(t, "What is there was left as it is, as you chose.")
			return
		case choice == engine.ExistingSkip:
			j.ask(t)
			return
		case choice == engine.ExistingOverwrite && !info.IsDir():
			err = p.root.Remove(d.node.Name)
		default:
			renamed, err = j.setAside(p, d.node.Name)
		}
		if err != nil {
			j.fail(d.stored, path, 0, "What has its name cannot be moved: "+reason(err)+".")
			return
		}
	}
	if err := j.make(p, d); err != nil {
		j.fail(d.stored, path, 0, "It could not be made: "+reason(err)+".")
		return
	}
	j.made(d, path, renamed)
}

// samePresent recognises a link that is there already, or a special file that an
// interrupted run of this job made.
func (j *job) samePresent(p *place, d deferred, info fs.FileInfo) bool {
	switch {
	case d.link != nil:
		if first, err := os.Lstat(d.link.path); err == nil {
			return os.SameFile(first, info)
		}
	case d.node.Type == repo.NodeSymlink && info.Mode()&fs.ModeSymlink != 0:
		to, err := p.root.Readlink(d.node.Name)
		return err == nil && to == d.node.LinkTarget
	case j.Again:
		return sameSpecial(&d.node, info)
	}
	return false
}

func (j *job) made(d deferred, path, renamed string) {
	j.Progress.Files.Add(1)
	if d.link != nil {
		j.Progress.Bytes.Add(int64(d.node.Size))
	}
	if renamed != "" || j.All {
		j.report(engine.JobItem{Path: d.stored, Target: path, State: engine.ItemRestored, Renamed: renamed})
	}
}

// make creates a link or a special file under a free name.
func (j *job) make(p *place, d deferred) error {
	if d.link != nil {
		return j.linkTo(p, d)
	}
	if d.node.Type == repo.NodeSymlink {
		if err := p.root.Symlink(d.node.LinkTarget, d.node.Name); err != nil {
			return err
		}
		return j.setLink(p, &d.node)
	}
	return j.makeSpecial(p, &d.node)
}

// linkTo gives a restored file a further name. Both folders are reached through
// the target's root, so that a link cannot lead anywhere else.
func (j *job) linkTo(p *place, d deferred) error {
	top, err := os.OpenRoot(j.Target)
	if err != nil {
		return err
	}
	defer top.Close()
	from, err := filepath.Rel(j.Target, d.link.path)
	if err != nil {
		return err
	}
	to, err := filepath.Rel(j.Target, filepath.Join(p.path, d.node.Name))
	if err != nil {
		return err
	}
	return top.Link(from, to)
}
