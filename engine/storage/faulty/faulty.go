// Package faulty wraps a storage.Store and makes it fail as told, so that tests can
// walk every failure of the packages above: the n-th call refused, an answer that is
// lost on its way, a file that reads too short or with a wrong bit, a machine that
// stops after so many bytes, a drive that is pulled out.
//
// Faults are plain values. They are for tests; nothing that ships imports this.
package faulty

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"holdfast/engine/storage"
)

// Op is an operation of a store.
type Op string

const (
	Any    Op = ""
	Put    Op = "put"
	Get    Op = "get"
	Stat   Op = "stat"
	List   Op = "list"
	Remove Op = "remove"
	Free   Op = "free"
)

// Fault is one thing that goes wrong. The zero value matches every call and does
// nothing.
type Fault struct {
	Op   Op
	Kind storage.Kind // "": every kind
	Name string       // "": every name
	Call int          // the n-th matching call from when the fault was added; 0: every one
	Last int          // with Call: through this one; 0: only Call

	Err  error // returned instead of the outcome
	Done bool  // with Err: the call takes effect before its answer is lost

	Cut  int64 // Get: the file seems this many bytes shorter than it is
	Flip int64 // Get: this bit of what is returned is wrong, counted from 1
}

// ErrCrashed is what every call gets once the machine has stopped.
var ErrCrashed = errors.New("the machine has stopped")

// Store is a store that fails as told. Counters may be read at any time.
type Store struct {
	inner storage.Store

	mu      sync.Mutex
	faults  []*counted
	calls   map[Op]int
	written int64 // bytes of all Puts that took effect
	crash   int64 // stop once written would pass it; negative: never
	crashed bool
	gone    bool
}

type counted struct {
	Fault
	seen int
}

var _ storage.Store = (*Store)(nil)

// Wrap makes a store that fails as the faults say.
func Wrap(inner storage.Store, faults ...Fault) *Store {
	s := &Store{inner: inner, calls: map[Op]int{}, crash: -1}
	s.Add(faults...)
	return s
}

// Add adds faults. The first that matches a call decides about it.
func (s *Store) Add(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		s.faults = append(s.faults, &counted{Fault: f})
	}
}

// Clear takes away all faults, a crash and a pulled drive: the next day.
func (s *Store) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.crash, s.crashed, s.gone = nil, -1, false, false
}

// CrashAfter stops the machine within the Put that would carry the count of written
// bytes, from now on, past n. That file is not there afterwards, and every later
// call is ErrCrashed.
func (s *Store) CrashAfter(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.crash = s.written + n
}

// Vanish pulls the drive: every call is storage.ErrUnreachable until Clear.
func (s *Store) Vanish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = true
}

// Calls counts the calls of an operation, failed ones too; Any counts all.
func (s *Store) Calls(op Op) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if op != Any {
		return s.calls[op]
	}
	n := 0
	for _, c := range s.calls {
		n += c
	}
	return n
}

// Written counts the bytes of all Puts that took effect.
func (s *Store) Written() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.written
}

// next decides about a call: the fault that applies to it, the zero one for none.
func (s *Store) next(op Op, k storage.Kind, name string, size int64) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[op]++
	if s.crashed {
		return Fault{Err: ErrCrashed}
	}
	if s.gone {
		return Fault{Err: fmt.Errorf("%w: the drive was pulled out", storage.ErrUnreachable)}
	}
	var found Fault
	var hit bool
	for _, f := range s.faults {
		if f.Op != Any && f.Op != op || f.Kind != "" && f.Kind != k || f.Name != "" && f.Name != name {
			continue
		}
		f.seen++
		if !hit && (f.Call == 0 || f.seen >= f.Call && f.seen <= max(f.Call, f.Last)) {
			found, hit = f.Fault, true
		}
	}
	if op == Put && s.crash >= 0 && s.written+size > s.crash {
		s.crashed = true
		return Fault{Err: ErrCrashed}
	}
	return found
}

// run makes a call under a fault.
func (f Fault) run(call func() error) error {
	if f.Err != nil && !f.Done {
		return f.Err
	}
	if err := call(); err != nil {
		return err
	}
	return f.Err
}

func (s *Store) Put(ctx context.Context, k storage.Kind, name string, data []byte) error {
	return s.next(Put, k, name, int64(len(data))).run(func() error {
		err := s.inner.Put(ctx, k, name, data)
		if err == nil {
			s.mu.Lock()
			s.written += int64(len(data))
			s.mu.Unlock()
		}
		return err
	})
}

func (s *Store) Get(ctx context.Context, k storage.Kind, name string, offset, length int64, buf []byte) ([]byte, error) {
	f := s.next(Get, k, name, 0)
	var got []byte
	err := f.run(func() (err error) {
		got, err = s.cut(ctx, f.Cut, k, name, offset, length, buf)
		return err
	})
	if err != nil {
		return nil, err
	}
	if bit := f.Flip - 1; bit >= 0 && bit/8 < int64(len(got)) {
		got[bit/8] ^= 1 << (bit % 8)
	}
	return got, nil
}

// cut reads from a file that seems n bytes shorter.
func (s *Store) cut(ctx context.Context, n int64, k storage.Kind, name string, offset, length int64, buf []byte) ([]byte, error) {
	if n == 0 {
		return s.inner.Get(ctx, k, name, offset, length, buf)
	}
	info, err := s.inner.Stat(ctx, k, name)
	if err != nil {
		return nil, err
	}
	length, err = storage.Range(max(0, info.Size-n), offset, length)
	if err != nil {
		return nil, err
	}
	return s.inner.Get(ctx, k, name, offset, length, buf)
}

func (s *Store) Stat(ctx context.Context, k storage.Kind, name string) (storage.Info, error) {
	var info storage.Info
	err := s.next(Stat, k, name, 0).run(func() (err error) {
		info, err = s.inner.Stat(ctx, k, name)
		return err
	})
	if err != nil {
		return storage.Info{}, err
	}
	return info, nil
}

// List fails before the first file or, with Done, after the last.
func (s *Store) List(ctx context.Context, k storage.Kind, fn func(storage.Info) error) error {
	return s.next(List, k, "", 0).run(func() error { return s.inner.List(ctx, k, fn) })
}

func (s *Store) Remove(ctx context.Context, k storage.Kind, name string) error {
	return s.next(Remove, k, name, 0).run(func() error { return s.inner.Remove(ctx, k, name) })
}

func (s *Store) Free(ctx context.Context) (int64, error) {
	free := int64(-1)
	err := s.next(Free, "", "", 0).run(func() (err error) {
		free, err = s.inner.Free(ctx)
		return err
	})
	if err != nil {
		return -1, err
	}
	return free, nil
}

// Location is that of the wrapped store.
func (s *Store) Location() string { return s.inner.Location() }

// Close closes the wrapped store, whatever went wrong before.
func (s *Store) Close() error { return s.inner.Close() }
