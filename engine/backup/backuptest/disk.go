//go:build linux

package backuptest

import (
	"context"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"holdfast/engine/repo"
	"holdfast/engine/source"
)

// Disk shows a folder as the top of a computer.
type Disk struct {
	Top string

	mu     sync.Mutex
	mounts map[string]uint64 // file systems by where they are mounted
}

// Mount makes a folder the top of another file system.
func (d *Disk) Mount(at string, device uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.mounts == nil {
		d.mounts = map[string]uint64{}
	}
	d.mounts[at] = device
}

// Unmount takes it away; what lay in the folder is for the caller to move.
func (d *Disk) Unmount(at string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.mounts, at)
}

// device replaces the number of the file system where one was mounted.
func (d *Disk) device(at string, real uint64) uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	for m, n := range d.mounts {
		if at == m || strings.HasPrefix(at, m+"/") {
			return n
		}
	}
	return real
}

// OpenDir implements source.FS.
func (d *Disk) OpenDir(at string) (source.Dir, error) {
	under, err := source.System().OpenDir(filepath.Join(d.Top, at))
	if err != nil {
		return nil, err
	}
	return &diskDir{under: under, disk: d, path: path.Clean(at)}, nil
}

type diskDir struct {
	under source.Dir
	disk  *Disk
	path  string
}

func (d *diskDir) Path() string { return d.path }
func (d *diskDir) Close() error { return d.under.Close() }

func (d *diskDir) Open(name string) (source.File, error) { return d.under.Open(name) }

func (d *diskDir) Node(e source.Entry) (repo.Node, []error) { return d.under.Node(e) }

func (d *diskDir) Stat() (source.Entry, error) {
	e, err := d.under.Stat()
	e.Device = d.disk.device(d.path, e.Device)
	return e, err
}

func (d *diskDir) Dir(name string) (source.Dir, error) {
	under, err := d.under.Dir(name)
	if err != nil {
		return nil, err
	}
	return &diskDir{under: under, disk: d.disk, path: join(d.path, name)}, nil
}

func (d *diskDir) Read(ctx context.Context) ([]source.Entry, error) {
	entries, err := d.under.Read(ctx)
	for i := range entries {
		entries[i].Device = d.disk.device(join(d.path, entries[i].Name), entries[i].Device)
	}
	return entries, err
}

// join keeps names as they are; path.Join would clean what is no path.
func join(folder, name string) string {
	if folder == "/" {
		return "/" + name
	}
	return folder + "/" + name
}
