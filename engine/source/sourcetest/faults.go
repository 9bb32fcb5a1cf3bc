// Package sourcetest stands between a program and the user's files and lets them fail
// on purpose: the n-th opening, reading or examination of a path gives a chosen error,
// a file changes while it is read, an entry vanishes after it was listed.
//
// Faults are plain values in a list. What no fault speaks of goes through to the real
// file system, so tests make their files with package os and spoil only what they mean
// to spoil.
package sourcetest

import (
	"context"
	"os"
	"path/filepath"
	"sync"

	"holdfast/engine/repo"
	"holdfast/engine/source"
)

// Op is a call that can be made to fail.
type Op string

const (
	OpenDir  Op = "open folder" // FS.OpenDir and Dir.Dir
	ReadDir  Op = "read folder" // Dir.Read
	StatDir  Op = "stat folder" // Dir.Stat
	Examine  Op = "examine"     // lstat of an entry, within Dir.Read: the entry gets Err
	Vanish   Op = "vanish"      // the entry is missing from Dir.Read; Err is not used
	Open     Op = "open"        // Dir.Open
	Read     Op = "read"        // File.Read
	StatFile Op = "stat"        // File.Stat
	Node     Op = "node"        // Dir.Node: the error is one of those about missing parts
)

// Fault makes one call go wrong.
type Fault struct {
	Op   Op
	Path string // absolute; what the call is about
	// Nth is the call that goes wrong, counted from 1 for this operation on this path;
	// 0 is every one.
	Nth int
	Err error
	// Do is run before the call, to change the file behind the program's back. With a
	// nil Err the call then goes through.
	Do func()
}

// FS is a file system with faults. It is safe for concurrent use.
type FS struct {
	Under source.FS // what is stood in front of; nil is the real one

	mu     sync.Mutex
	faults []Fault
	counts map[call]int
}

type call struct {
	op   Op
	path string
}

// New stands in front of the real file system.
func New(faults ...Fault) *FS {
	return &FS{faults: faults}
}

// Add adds faults; the calls made so far are counted for them as well.
func (f *FS) Add(faults ...Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, faults...)
}

// Clear takes all faults away.
func (f *FS) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = nil
}

// Count says how often a call was made.
func (f *FS) Count(op Op, path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts[call{op, path}]
}

// Grow returns something to do that appends to a file, for Fault.Do.
func Grow(path string, data []byte) func() {
	return func() {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			panic(err)
		}
		defer f.Close()
		if _, err := f.Write(data); err != nil {
			panic(err)
		}
	}
}

// before counts a call, runs what is to be done, and says whether it fails.
func (f *FS) before(op Op, path string) (fault Fault, failed bool) {
	f.mu.Lock()
	if f.counts == nil {
		f.counts = make(map[call]int)
	}
	f.counts[call{op, path}]++
	n := f.counts[call{op, path}]
	var found []Fault
	for _, fault := range f.faults {
		if fault.Op == op && fault.Path == path && (fault.Nth == 0 || fault.Nth == n) {
			found = append(found, fault)
		}
	}
	f.mu.Unlock()
	for _, x := range found {
		if x.Do != nil {
			x.Do()
		}
		if x.Err != nil || op == Vanish {
			fault, failed = x, true
		}
	}
	return fault, failed
}

func (f *FS) fail(op Op, path string) error {
	if fault, failed := f.before(op, path); failed {
		return &os.PathError{Op: string(op), Path: path, Err: fault.Err}
	}
	return nil
}

// OpenDir implements source.FS.
func (f *FS) OpenDir(path string) (source.Dir, error) {
	if err := f.fail(OpenDir, filepath.Clean(path)); err != nil {
		return nil, err
	}
	under := f.Under
	if under == nil {
		under = source.System()
	}
	d, err := under.OpenDir(path)
	if err != nil {
		return nil, err
	}
	return &dir{under: d, fs: f}, nil
}

// dir names the folder it stands for rather than embedding it: its methods must not
// slip past the faults, and one of them is called Dir as the interface is.
type dir struct {
	under source.Dir
	fs    *FS
}

func (d *dir) Path() string { return d.under.Path() }

func (d *dir) Close() error { return d.under.Close() }

func (d *dir) join(name string) string { return filepath.Join(d.Path(), name) }

func (d *dir) Dir(name string) (source.Dir, error) {
	if err := d.fs.fail(OpenDir, d.join(name)); err != nil {
		return nil, err
	}
	sub, err := d.under.Dir(name)
	if err != nil {
		return nil, err
	}
	return &dir{under: sub, fs: d.fs}, nil
}

func (d *dir) Stat() (source.Entry, error) {
	if err := d.fs.fail(StatDir, d.Path()); err != nil {
		return source.Entry{}, err
	}
	return d.under.Stat()
}

func (d *dir) Read(ctx context.Context) ([]source.Entry, error) {
	if err := d.fs.fail(ReadDir, d.Path()); err != nil {
		return nil, err
	}
	entries, err := d.under.Read(ctx)
	kept := entries[:0]
	for _, e := range entries {
		if _, gone := d.fs.before(Vanish, d.join(e.Name)); gone {
			continue
		}
		if err := d.fs.fail(Examine, d.join(e.Name)); err != nil {
			e = source.Entry{Name: e.Name, Kind: e.Kind, Err: err}
		}
		kept = append(kept, e)
	}
	return kept, err
}

func (d *dir) Open(name string) (source.File, error) {
	path := d.join(name)
	if err := d.fs.fail(Open, path); err != nil {
		return nil, err
	}
	f, err := d.under.Open(name)
	if err != nil {
		return nil, err
	}
	return &file{File: f, fs: d.fs, path: path}, nil
}

func (d *dir) Node(e source.Entry) (repo.Node, []error) {
	n, errs := d.under.Node(e)
	if err := d.fs.fail(Node, d.join(e.Name)); err != nil {
		errs = append(errs, err)
	}
	return n, errs
}

type file struct {
	source.File
	fs   *FS
	path string
}

func (f *file) Read(p []byte) (int, error) {
	if err := f.fs.fail(Read, f.path); err != nil {
		return 0, err
	}
	return f.File.Read(p)
}

func (f *file) Stat() (source.Entry, error) {
	if err := f.fs.fail(StatFile, f.path); err != nil {
		return source.Entry{}, err
	}
	return f.File.Stat()
}
