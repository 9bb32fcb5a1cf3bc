package backup

import (
	"sync"
	"sync/atomic"
	"time"
)

// Progress counts what a capture does while it does it. All fields may be read
// at any time; the zero value is ready for use.
type Progress struct {
	Checked      atomic.Int64 // files looked at
	NewBytes     atomic.Int64 // bytes of files found new or changed
	Read         atomic.Int64 // of those, bytes that were read and are sealed or known
	Stored       atomic.Int64 // bytes added to the destination, sealed
	StoredBefore atomic.Int64 // bytes of files found unchanged
	ScanDone     atomic.Bool  // every folder has been listed

	// Time that the parts spent waiting for each other, in nanoseconds: what
	// the others wait for is what limits the capture.
	WaitedForDisk    atomic.Int64 // reading the user's files
	WaitedForStorage atomic.Int64 // a sealed pack waiting for a free upload

	mu      sync.Mutex
	current string
	started time.Time
}

// Current is the path that was opened last.
func (p *Progress) Current() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current
}

func (p *Progress) setCurrent(path string) {
	p.mu.Lock()
	p.current = path
	p.mu.Unlock()
}

// Started is when the capture began; zero before.
func (p *Progress) Started() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.started
}

func (p *Progress) start(now time.Time) {
	p.mu.Lock()
	p.started = now
	p.mu.Unlock()
}
