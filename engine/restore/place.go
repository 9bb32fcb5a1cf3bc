package restore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"holdfast/engine"
	"holdfast/engine/repo"
)

// job is a running restore. The walk owns it; workers see only the batch.
type job struct {
	Options
	batch batch
	links map[inode]*linkTarget // first names of files that had several
	umask fs.FileMode
	lock  reportLock
}

// inode is a file that had several names.
type inode struct{ device, number uint64 }

// linkTarget is the first name of such a file.
type linkTarget struct {
	path     string // absolute
	content  string // a hash of the ids, so that a repository cannot claim two files to be one
	restored atomic.Bool
}

// place is a folder that files are restored into. It is open until everything in
// it is done.
type place struct {
	root    *os.Root
	path    string // absolute
	stored  string
	node    *repo.Node // metadata to set at the end; nil: leave the folder as it is
	created bool       // by this run: nothing foreign lies in it
	begun   bool       // by an interrupted run of this job
	later   []deferred // links and special files, made when the files are there
}

// deferred is what is made at the end of a folder.
type deferred struct {
	node   repo.Node
	stored string
	link   *linkTarget // a further name of this file
}

// openTarget opens the target folder, making it when needed.
func (j *job) openTarget(target string) (*place, error) {
	if err := os.MkdirAll(target, 0o777); err != nil {
		return nil, targetError(target, err)
	}
	root, err := os.OpenRoot(target)
	if err != nil {
		return nil, targetError(target, err)
	}
	if err := j.probe(root); err != nil {
		root.Close()
		return nil, targetError(target, err)
	}
	if j.Again {
		sweep(root)
	}
	return &place{root: root, path: target}, nil
}

// probe finds out whether anything can be written before a restore begins.
func (j *job) probe(root *os.Root) error {
	name := j.tempName()
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	f.Close()
	return root.Remove(name)
}

// enter makes or opens a folder. Nil without an error: it could not, and was
// reported.
func (j *job) enter(in *place, node repo.Node, stored string) (*place, error) {
	path := filepath.Join(in.path, node.Name)
	created, begun := true, false
	err := in.root.Mkdir(node.Name, 0o700)
	if errors.Is(err, fs.ErrExist) {
		created, begun, err = j.makeRoomForFolder(in, node.Name, stored)
	}
	if err == nil && created {
		err = in.root.Chmod(node.Name, unfinished)
	}
	if err == nil {
		var root *os.Root
		if root, err = openFolder(in.root, node.Name); err == nil {
			j.batch.places++
			if j.Again && !created {
				sweep(root)
			}
			n := node
			return &place{root: root, path: path, stored: stored, node: &n, created: created, begun: begun}, nil
		}
	}
	if fatal := targetFatal(path, err); fatal != nil {
		return nil, fatal
	}
	j.fail(stored, path, 0, "The folder could not be made: "+reason(err)+". Nothing in it was restored.")
	return nil, nil
}

// unfinished is the mode of a folder that was made and is not done. Nobody else's has
// it, so that a run after an interrupted one knows which folders still want theirs.
const unfinished = fs.ModeSticky | 0o700

// makeRoomForFolder is for a name that is taken: a folder is used, anything else
// is renamed, so that nothing is lost and nothing is followed.
func (j *job) makeRoomForFolder(in *place, name, stored string) (created, begun bool, err error) {
	info, err := in.root.Lstat(name)
	if err != nil || info.IsDir() {
		return false, err == nil && j.Again && info.Mode() == fs.ModeDir|unfinished, err
	}
	to, err := j.setAside(in, name)
	if err != nil {
		return false, false, err
	}
	j.report(engine.JobItem{Path: stored, Target: filepath.Join(in.path, name), State: engine.ItemRestored,
		Reason: "A file had the name of this folder; it was renamed.", Renamed: to})
	return true, false, in.root.Mkdir(name, 0o700)
}

// openFolder opens a folder that must not be a link.
func openFolder(in *os.Root, name string) (*os.Root, error) {
	before, err := in.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !before.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("it is not a folder")}
	}
	root, err := in.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	after, err := root.Stat(".")
	if err != nil || !os.SameFile(before, after) {
		root.Close()
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("it was replaced while it was opened")}
	}
	return root, nil
}

// setAside renames what has a name, and gives the new name.
func (j *job) setAside(in *place, name string) (string, error) {
	for n := 1; n < 1000; n++ {
		to := BeforeRestore(name, j.Now(), n)
		if _, err := in.root.Lstat(to); err == nil {
			continue
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		return to, in.root.Rename(name, to)
	}
	return "", fmt.Errorf("no free name for the present %q", name)
}

// complete says that everything in a folder has been seen; it is finished with the
// batch.
func (j *job) complete(p *place) { j.batch.complete = append(j.batch.complete, p) }

// finishPlace makes links and special files and sets the folder's metadata.
func (j *job) finishPlace(p *place) {
	for _, d := range p.later {
		j.finishDeferred(p, d)
	}
	if p.node != nil && (j.Only == nil || p.created || p.begun) {
		if err := j.setFolder(p); err != nil {
			j.fail(p.stored, p.path, 0, "The folder is there with its files, but its times or permissions could not be set: "+reason(err)+".")
		}
	}
	p.root.Close()
}

func safeName(name string) bool {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
		return false
	}
	return filepath.Separator == '/' || filepath.IsLocal(name) && !strings.ContainsAny(name, `\:`)
}

func joinStored(folder, name string) string {
	if strings.HasSuffix(folder, "/") {
		return folder + name
	}
	return folder + "/" + name
}

// abandon closes what is open when a job ends early. Temporary files go with the
// task that made them; what a killed process leaves is removed by the next run.
func (j *job) abandon() {
	for _, w := range j.batch.wants {
		w.task.discard()
	}
	for _, p := range j.batch.complete {
		p.root.Close()
	}
}

// sweep removes the temporary files of an interrupted run of the same job.
func sweep(root *os.Root) {
	dir, err := root.Open(".")
	if err != nil {
		return
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	for _, name := range names {
		if isTemp(name) {
			root.Remove(name)
		}
	}
}
