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

// reader reads files into blobs. It belongs to one worker, whose buffers it
// keeps, so that a capture of a million files allocates them once.
type reader struct {
	saver    *saver
	progress *Progress
	cutter   *chunker.Chunker
	pol      chunker.Pol
	plain    []byte // one chunk
	sealed   []byte // the same, sealed
}

func newReader(s *saver, p *Progress, pol chunker.Pol) *reader {
	return &reader{
		saver: s, progress: p, pol: pol,
		plain:  make([]byte, smallFile+1),
		sealed: make([]byte, 0, smallFile+64),
	}
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
// larger comes back without content, the bytes read so far standing in r.plain.
func (r *reader) readSmall(f io.Reader) (outcome, error) {
	r.plain = r.plain[:cap(r.plain)]
	n, err := io.ReadFull(f, r.plain[:smallFile+1])
	switch {
	case err == nil:
		return outcome{size: int64(n)}, nil
	case err == io.EOF:
		return outcome{content: []repo.ID{}}, nil
	case err != io.ErrUnexpectedEOF:
		return outcome{}, err
	}
	id, err := r.store(r.plain[:n])
	if err != nil {
		return outcome{}, err
	}
	return outcome{content: []repo.ID{id}, size: int64(n)}, nil
}

// readLarge cuts a file into chunks; the first already bytes of it stand in
// r.plain.
func (r *reader) readLarge(ctx context.Context, in io.Reader, already int64) (outcome, error) {
	if already > 0 {
		head := append([]byte(nil), r.plain[:already]...)
		in = io.MultiReader(bytes.NewReader(head), in)
	}
	if r.cutter == nil {
		r.cutter = chunker.New(in, r.pol)
	} else {
		r.cutter.Reset(in, r.pol)
	}
	out := outcome{content: []repo.ID{}}
	for {
		if err := ctx.Err(); err != nil {
			return outcome{}, &storeError{err}
		}
		chunk, err := r.cutter.Next(r.plain)
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return outcome{}, err
		}
		r.plain = chunk.Data[:cap(chunk.Data)]
		id, err := r.store(chunk.Data)
		if err != nil {
			return outcome{}, err
		}
		out.content = append(out.content, id)
		out.size += int64(chunk.Length)
	}
}

func (r *reader) store(plain []byte) (repo.ID, error) {
	id := repo.Hash(plain)
	_, sealed, err := r.saver.save(repo.Data, id, plain, r.sealed)
	if err != nil {
		return id, &storeError{err}
	}
	r.sealed = sealed[:0]
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
