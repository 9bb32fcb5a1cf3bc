package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/restic/chunker"

	"holdfast/engine"
	"holdfast/engine/repo"
	"holdfast/engine/source"
)

// smallFile is the size up to which a file is one blob and is not cut: the
// smallest chunk that the chunker makes.
const smallFile = chunker.MinSize

// sealedSlack is what sealing may need beyond the plain bytes, while it tries
// whether they shrink.
const sealedSlack = 64 << 10

// reader reads files into blobs. It belongs to one worker, whose buffers it keeps,
// so that a capture of a million files allocates them once. There are more workers
// than processors, because reading waits for the disk; what needs a processor, or
// the room of a large chunk, is shared out by the bench.
type reader struct {
	saver    *saver
	progress *Progress
	bench    *bench
	small    room
}

// room is what a worker needs for one chunk.
type room struct {
	plain  []byte
	sealed []byte
	cutter *chunker.Chunker // of a room for large files
}

// bench has the places at which files are hashed and sealed, one for each processor
// that may be used, and as many rooms for large files.
type bench struct {
	places chan struct{}
	large  chan *room
	pol    chunker.Pol
}

func newBench(places int, pol chunker.Pol) *bench {
	b := &bench{places: make(chan struct{}, places), large: make(chan *room, places), pol: pol}
	for range places {
		b.large <- nil // made when it is first needed
	}
	return b
}

// take gives a room for a large file; give takes it back.
func (b *bench) take(ctx context.Context) (*room, error) {
	select {
	case r := <-b.large:
		if r == nil {
			r = &room{plain: make([]byte, chunker.MaxSize), sealed: make([]byte, 0, chunker.MaxSize+sealedSlack)}
		}
		return r, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (b *bench) give(r *room) { b.large <- r }

func newReader(s *saver, p *Progress, b *bench) *reader {
	return &reader{saver: s, progress: p, bench: b,
		small: room{plain: make([]byte, smallFile+1), sealed: make([]byte, 0, smallFile+sealedSlack)}}
}

// errChanged says that a file was written to while it was read.
var errChanged = errors.New("changed while it was read")

// outcome is what reading one file gave.
type outcome struct {
	content []repo.ID
	entry   source.Entry // as it was after reading
	size    int64        // bytes read
	changed bool         // the file changed under the reader
}

// read stores the content of a file. The error is about the file; one about the
// destination is wrapped in storeError, and ends the capture.
func (r *reader) read(ctx context.Context, dir source.Dir, e source.Entry) (outcome, error) {
	f, err := dir.Open(e.Name)
	if err != nil {
		return outcome{}, err
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return outcome{}, err
	}
	var in io.Reader = &timedReader{f: f, waited: r.progress}
	if before.Size > 0 {
		// One that is written as fast as it is read would never end. (A size of
		// zero is not true of every file; those are read as far as they go.)
		in = io.LimitReader(in, before.Size)
	}
	var out outcome
	if before.Size <= smallFile {
		out, err = r.readSmall(in)
	}
	if err == nil && out.content == nil {
		out, err = r.readLarge(ctx, in, out.size)
	}
	if err != nil {
		return outcome{}, err
	}
	out.entry, err = f.Stat()
	if err != nil {
		return outcome{}, err
	}
	out.changed = !before.SameAs(out.entry) || out.entry.Size != out.size
	return out, nil
}

// readSmall reads a file that was small when it was opened. One that turns out
// larger comes back without content, the bytes read so far standing in the room.
func (r *reader) readSmall(f io.Reader) (outcome, error) {
	n, err := io.ReadFull(f, r.small.plain)
	switch {
	case err == nil:
		return outcome{size: int64(n)}, nil
	case err == io.EOF:
		return outcome{content: []repo.ID{}}, nil
	case err != io.ErrUnexpectedEOF:
		return outcome{}, err
	}
	id, err := r.store(&r.small, r.small.plain[:n])
	if err != nil {
		return outcome{}, err
	}
	return outcome{content: []repo.ID{id}, size: int64(n)}, nil
}

// readLarge cuts a file into chunks; the first already bytes of it were read as
// those of a small one.
func (r *reader) readLarge(ctx context.Context, in io.Reader, already int64) (outcome, error) {
	if already > 0 {
		in = io.MultiReader(bytes.NewReader(r.small.plain[:already]), in)
	}
	large, err := r.bench.take(ctx)
	if err != nil {
		return outcome{}, &storeError{err}
	}
	defer r.bench.give(large)
	if large.cutter == nil {
		large.cutter = chunker.New(in, r.bench.pol)
	} else {
		large.cutter.Reset(in, r.bench.pol)
	}
	out := outcome{content: []repo.ID{}}
	for {
		if err := ctx.Err(); err != nil {
			return outcome{}, &storeError{err}
		}
		chunk, err := large.cutter.Next(large.plain)
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return outcome{}, err
		}
		id, err := r.store(large, chunk.Data)
		if err != nil {
			return outcome{}, err
		}
		out.content = append(out.content, id)
		out.size += int64(chunk.Length)
	}
}

// store hashes a chunk and has it saved, at one of the places of the bench.
func (r *reader) store(in *room, plain []byte) (repo.ID, error) {
	r.bench.places <- struct{}{}
	defer func() { <-r.bench.places }()
	id := repo.Hash(plain)
	_, sealed, err := r.saver.save(repo.Data, id, plain, in.sealed)
	if err != nil {
		return id, &storeError{err}
	}
	in.sealed = sealed[:0]
	r.progress.Read.Add(int64(len(plain)))
	return id, nil
}

// storeError is an error that has nothing to do with the file being read.
type storeError struct{ err error }

func (e *storeError) Error() string { return e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }

// timedReader counts the time that reading the user's files takes.
type timedReader struct {
	f      io.Reader
	waited *Progress
}

func (t *timedReader) Read(p []byte) (int, error) {
	began := time.Now()
	n, err := t.f.Read(p)
	t.waited.WaitedForDisk.Add(int64(time.Since(began)))
	return n, err
}

// problem turns an error about a path into what the person is told.
func problem(path string, err error, now time.Time) engine.Problem {
	if errors.Is(err, errChanged) {
		return engine.Problem{
			Path: path, Kind: engine.ProblemVolatile, Since: now,
			Reason: "It kept changing while it was read.",
			Advice: "It was stored as it was read. If it belongs to a running program, close the program and back up again for a clean copy.",
		}
	}
	kind, reason, advice := source.Classify(err)
	return engine.Problem{Path: path, Kind: kind, Reason: reason, Advice: advice, Since: now}
}

func wrapPath(what, path string, err error) error {
	return fmt.Errorf("%s %q: %w", what, path, err)
}
