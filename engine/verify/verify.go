// Package verify proves that what is stored can be given back: it checks a
// repository, plans and carries out what can be mended in it, and restores a random
// sample as a drill.
//
// Its one idea is that nothing but the destination is believed. No catalog is asked;
// the index files, snapshots, trees and packs have to agree with one another, and
// with their own names, which are SHA-256 sums (restic's doc/design.rst).
//
// Promises:
//   - Memory grows by 16 bytes a data blob and 48 bytes a tree, whatever the size of
//     the archive; packs pass through a few megabytes of reused buffers.
//   - Each reachable tree is decoded once. Trees are read in waves: all that one wave
//     wants of a pack is fetched in large reads, and what those reads happen to hold
//     of the next wave is used at once.
//   - A fault is named with the files it reaches, and no others: the path, whose
//     computer, and the newest snapshot that holds it.
//   - A check and a drill write nothing to the destination. Heal adds before it takes
//     away and never removes a pack.
//   - An error means that the question could not be answered (out of reach, no
//     permission, cancelled). Damage is an answer.
//
// Check and Drill need the caller to hold a shared lock, so that nobody prunes
// meanwhile; Heal takes the exclusive one itself. Making the catalog forget what is
// lost and capturing it again is the caller's part (engine/agent).
package verify

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/engine"
	"holdfast/engine/repo"
	"holdfast/engine/storage"
)

// Options is one check.
type Options struct {
	Repo *repo.Repository
	// Percent of the packs, 0 to 100, whose data is read as well; they are chosen
	// at random.
	Percent  float64
	Workers  int // 0: as many as the processor can feed
	Progress *Progress
	Rand     *rand.Rand // nil: a random one
}

// Progress counts what a check does while it does it.
type Progress struct {
	Trees atomic.Int64 // decoded
	Packs atomic.Int64 // read
	Blobs atomic.Int64 // of the packs read, found to be good
	Bytes atomic.Int64 // of data read
	Total atomic.Int64 // bytes of data to read
}

// Bounds on what is listed one by one; the counts are exact.
const (
	mostFiles = 10_000
	mostBlobs = 100_000
	mostFault = 1_000 // sentences
)

// Result is what a check found. The files in Damaged are the ones in Files, as text.
type Result struct {
	engine.CheckResult

	Packs   []repo.ID       // damaged or missing, in the order of their names
	Indexes []repo.ID       // index files that cannot be read
	Blobs   []repo.Location // that no good copy is known of; Pack is zero for one that no index lists
	Files   []File          // the first 10,000

	LostBlobs     int64 // all of them
	DamagedFiles  int64 // all of them
	UnlistedPacks int64 // in no index: what a killed run left; no error
}

// File is a stored file or folder that cannot be given back whole.
type File struct {
	Computer string // hostname
	Device   string // from the tag, "" when another program made the snapshot
	Path     string
	Folder   bool      // the listing of this folder is lost, and so is the way to what is in it
	Snapshot repo.ID   // the newest that is affected
	Time     time.Time // of that snapshot
}

// Whole says that nothing wrong was found.
func (r *Result) Whole() bool { return len(r.Errors) == 0 }

// check is a running one.
type check struct {
	Options
	stock     *stock
	snapshots []snapshot // newest first
	walked    *walk

	mu       sync.Mutex
	suspects map[uint32]string // packs, with what made them so
	absent   map[absentee]bool // blobs in no index
	faults   int               // beyond the ones that have a sentence
	result   Result
}

// absentee is a blob that something needs and no index lists.
type absentee struct {
	kind repo.BlobType
	id   repo.ID
}

// Check reads the structure of a repository, and of Percent of the packs all data.
func Check(ctx context.Context, o Options) (Result, error) {
	o.defaults()
	c := &check{Options: o, suspects: map[uint32]string{}, absent: map[absentee]bool{}}
	// The order is that of writing turned round: whatever a snapshot that is listed
	// now needs was in a durable pack and a durable index before it was.
	for _, step := range []func(context.Context) error{
		c.checkKeys,
		c.loadSnapshots,
		c.loadIndexes,
		c.comparePacks,
		c.checkTrees,
		c.readData,
		c.judge,
		c.nameFiles,
	} {
		if err := step(ctx); err != nil {
			return Result{}, err
		}
	}
	c.conclude()
	return c.result, nil
}

func (o *Options) defaults() {
	if o.Workers <= 0 {
		// One more than there are processors, up to a point: while one waits for
		// the disk the others work.
		o.Workers = max(2, min(4, runtime.GOMAXPROCS(0)+1))
	}
	if o.Progress == nil {
		o.Progress = new(Progress)
	}
	if o.Rand == nil {
		o.Rand = newRand()
	}
}

func newRand() *rand.Rand { return rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) }

// fatal says that an error is no fault of the one file that was read.
func fatal(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, storage.ErrUnreachable) || errors.Is(err, storage.ErrDenied)
}
