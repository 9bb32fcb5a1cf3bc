package restore

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"

	"golang.org/x/sync/errgroup"

	"holdfast/engine/repo"
	"holdfast/engine/storage"
)

// Bounds of a batch. Each is reached by a different sort of backup: many small
// files, large files, or many folders.
const (
	batchWants  = 16384
	batchBytes  = 96 << 20
	batchPlaces = 300 // open folders, with two handles each
	spanBytes   = 4 << 20
	spanGap     = 64 << 10 // bytes read in vain rather than asked for apart
)

// batch is what the walk has collected and not written yet.
type batch struct {
	wants    []want
	bytes    int64 // plain bytes of the wants
	places   int   // open folders, those on the way from the target included
	complete []*place
}

// want is one blob that a file needs, and where.
type want struct {
	loc    repo.Location
	task   *task
	offset int64 // in the file
}

// span is a range of a pack that is fetched in one read.
type span struct {
	pack     repo.ID
	from, to int64
	wants    []want // sorted by offset in the pack
}

func (j *job) flushWhenFull(ctx context.Context) error {
	b := &j.batch
	if len(b.wants) < batchWants && b.bytes < batchBytes && b.places < batchPlaces {
		return nil
	}
	return j.flush(ctx)
}

// flush writes the files of the batch and finishes the folders that it completed.
func (j *job) flush(ctx context.Context) error {
	if err := j.fetch(ctx); err != nil {
		return err
	}
	complete := j.batch.complete
	j.batch.complete = nil
	j.batch.places -= len(complete)
	if err := j.furtherNames(ctx, complete); err != nil {
		return err
	}
	for _, p := range complete {
		if err := j.finishPlace(p); err != nil {
			return err
		}
	}
	return nil
}

// fetch gets the blobs that are wanted and writes them.
func (j *job) fetch(ctx context.Context) error {
	if len(j.batch.wants) == 0 {
		return ctx.Err()
	}
	group, ctx := errgroup.WithContext(ctx)
	spans := make(chan span)
	group.Go(func() error {
		defer close(spans)
		return feed(ctx, spansOf(j.batch.wants), spans)
	})
	for range j.Workers {
		group.Go(func() error {
			w := &worker{job: j}
			for s := range spans {
				if err := w.fetch(ctx, s); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	clear(j.batch.wants)
	j.batch.wants = j.batch.wants[:0]
	j.batch.bytes = 0
	return nil
}

func feed(ctx context.Context, all []span, spans chan<- span) error {
	for _, s := range all {
		select {
		case spans <- s:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// spansOf sorts the wants by pack, in the order in which the packs are first
// needed, and by offset, and puts neighbours into one read.
func spansOf(wants []want) []span {
	order := make(map[repo.ID]int)
	for i := range wants {
		if _, ok := order[wants[i].loc.Pack]; !ok {
			order[wants[i].loc.Pack] = len(order)
		}
	}
	slices.SortStableFunc(wants, func(a, b want) int {
		return cmp.Or(cmp.Compare(order[a.loc.Pack], order[b.loc.Pack]), cmp.Compare(a.loc.Blob.Offset, b.loc.Blob.Offset))
	})
	var spans []span
	for i := range wants {
		from := int64(wants[i].loc.Blob.Offset)
		to := from + int64(wants[i].loc.Blob.Length)
		if n := len(spans); n > 0 {
			s := &spans[n-1]
			if s.pack == wants[i].loc.Pack && from <= s.to+spanGap && to-s.from <= spanBytes {
				s.to = max(s.to, to)
				s.wants = wants[i-len(s.wants) : i+1]
				continue
			}
		}
		spans = append(spans, span{pack: wants[i].loc.Pack, from: from, to: to, wants: wants[i : i+1]})
	}
	return spans
}

// worker fetches spans and writes what is in them. It keeps its buffers.
type worker struct {
	job    *job
	sealed []byte
	plain  []byte
}

// fetch reads a span and hands its blobs to the files. An error ends the job: the
// destination is out of reach, or the target full.
func (w *worker) fetch(ctx context.Context, s span) error {
	data, err := w.job.Repo.Store().Get(ctx, storage.Packs, s.pack.String(), s.from, s.to-s.from, w.sealed)
	if err != nil {
		if ctx.Err() != nil || !isFault(err) {
			return err
		}
		if errors.Is(err, storage.ErrNotFound) {
			return w.fetchElsewhere(ctx, s, err)
		}
		return w.fetchSingly(ctx, s, err)
	}
	w.sealed = data[:0]
	return w.deliver(s, data)
}

// fetchSingly is for a span that could not be read as a whole: what of it is
// there is restored.
func (w *worker) fetchSingly(ctx context.Context, s span, cause error) error {
	if len(s.wants) == 1 {
		return s.wants[0].task.miss(cause)
	}
	for i := range s.wants {
		b := s.wants[i].loc.Blob
		one := span{pack: s.pack, from: int64(b.Offset), to: int64(b.Offset) + int64(b.Length), wants: s.wants[i : i+1]}
		if err := w.fetch(ctx, one); err != nil {
			return err
		}
	}
	return nil
}

func (w *worker) deliver(s span, data []byte) error {
	for i := 0; i < len(s.wants); {
		b := s.wants[i].loc.Blob
		at := int64(b.Offset) - s.from
		plain, err := w.job.Repo.Unseal(b, data[at:at+int64(b.Length)], w.plain)
		if cap(plain) > cap(w.plain) && len(data) > 0 && b.Plain > 0 {
			w.plain = plain[:0]
		}
		// One blob may stand in many files, and several times in one.
		for ; i < len(s.wants) && s.wants[i].loc.Blob == b; i++ {
			t := s.wants[i].task
			if err != nil {
				if fatal := t.miss(err); fatal != nil {
					return fatal
				}
				continue
			}
			if fatal := t.write(plain, s.wants[i].offset); fatal != nil {
				return fatal
			}
		}
	}
	return nil
}

// isFault says that an error is about what was to be read. Any other is about the
// destination as a whole, a drive that is gone or a store that is closed; no file is
// to blame for it. A sector that cannot be read is a fault as well: the store says
// storage.ErrUnreachable when it is the drive that does not answer, and a restore from
// a failing drive has to get past its bad places.
func isFault(err error) bool {
	if errors.Is(err, storage.ErrUnreachable) || errors.Is(err, storage.ErrDenied) {
		return false
	}
	return errors.Is(err, storage.ErrNotFound) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, repo.ErrDamaged) || badSector(err)
}
