package restore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"holdfast/engine"
	"holdfast/engine/repo"
)

// job is a running restore. The walk owns it; workers see only the batch.
type job struct {
	Options
	batch    batch
	top      *place                // the target
	open     map[*place]bool       // folders that are not done
	underWay underWay              // files that are not done
	links    map[inode]*linkTarget // first names of files that had several
	umask    fs.FileMode
	lock     reportLock
	moved    moved
	naming   sync.Mutex // where a name can only be looked at before it is given
}

// place is a folder that files are restored into. It is open until everything in
// it is done.
type place struct {
	root    *os.Root
	dir     *os.File // the same folder, for calls that a root does not have
	path    string   // absolute
	stored  string
	node    *repo.Node      // metadata to set at the end; nil: leave the folder as it is
	created bool            // by this run: nothing foreign lies in it
	begun   bool            // by an interrupted run of this job
	held    map[string]bool // names that were there before; only when they may be overwritten
	further []deferred      // further names of files
	later   []deferred      // symbolic links and special files
}

// underWay are the files that have a temporary name, so that they can be cleaned
// away when the job ends early.
type underWay struct {
	mu    sync.Mutex
	tasks map[*task]bool
}

func (u *underWay) add(t *task) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.tasks == nil {
		u.tasks = map[*task]bool{}
	}
	u.tasks[t] = true
}

func (u *underWay) remove(t *task) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.tasks, t)
}

// take gives all of them, and forgets them.
func (u *underWay) take() map[*task]bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	tasks := u.tasks
	u.tasks = nil
	return tasks
}

// openTarget opens the target folder, making it when needed.
func (j *job) openTarget(target string) (*place, error) {
	if err := os.MkdirAll(target, 0o777); err != nil {
		return nil, j.targetError(target, err)
	}
	root, err := os.OpenRoot(target)
	if err != nil {
		return nil, j.targetError(target, err)
	}
	p := &place{root: root, path: target}
	if err := j.probe(root); err != nil {
		root.Close()
		return nil, j.targetError(target, err)
	}
	if err := j.opened(p); err != nil {
		return nil, j.targetError(target, err)
	}
	return p, nil
}

// opened gets a folder ready whose root is open, and closes it when it cannot.
func (j *job) opened(p *place) error {
	dir, err := p.root.Open(".")
	if err != nil {
		p.root.Close()
		return err
	}
	p.dir = dir
	j.open[p] = true
	j.batch.places++
	if p.created || !j.Again && j.Exists != engine.ExistingOverwrite {
		return nil
	}
	p.held = map[string]bool{}
	names, _ := dir.Readdirnames(-1) // a name that is not seen is not overwritten
	for _, name := range names {
		if j.Again && j.isTemp(name) {
			p.root.Remove(name)
		} else if j.Exists == engine.ExistingOverwrite {
			p.held[name] = true
		}
	}
	return nil
}

func (j *job) close(p *place) {
	p.dir.Close()
	p.root.Close()
	delete(j.open, p)
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
	p := &place{path: path, stored: stored, node: &node, created: created, begun: begun}
	if err == nil {
		p.root, err = openFolder(in.root, node.Name)
	}
	if err == nil {
		err = j.opened(p)
	}
	if err == nil {
		return p, nil
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

// complete says that everything in a folder has been seen; it is finished with the
// batch.
func (j *job) complete(p *place) { j.batch.complete = append(j.batch.complete, p) }

// finishPlace makes links and special files and sets the folder's metadata. An error
// ends the job.
func (j *job) finishPlace(p *place) error {
	for _, d := range p.later {
		if err := j.special(p, d); err != nil {
			return err
		}
	}
	if p.node != nil && (j.Only == nil || p.created || p.begun) {
		if err := j.setFolder(p); err != nil {
			j.fail(p.stored, p.path, 0, "The folder is there with its files, but its times or permissions could not be set: "+reason(err)+".")
		}
	}
	j.close(p)
	return nil
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

// abandon cleans up when a job ends early. What a killed process leaves is removed by
// the next run.
func (j *job) abandon() {
	for t := range j.underWay.take() {
		t.discard()
	}
	for p := range j.open {
		j.close(p)
	}
}
