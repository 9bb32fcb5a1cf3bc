package agent

import (
	"context"
	"errors"

	"holdfast/engine"
	"holdfast/engine/catalog"
)

// itemLog keeps what a run reports, in batches.
type itemLog struct {
	ctx    context.Context
	c      *catalog.Catalog
	job    int64
	device string
	n      int64
	batch  []catalog.Item
	err    error
}

// begin clears what an earlier run reported: this one sees all of it again, or, of
// answered files, just those.
func (l *itemLog) begin(only []string) error {
	items, err := l.c.NextItems(l.ctx, l.job, 0, 0)
	if err != nil {
		return err
	}
	again := set(only)
	kept := items[:0]
	for _, it := range items {
		if again != nil && !again[it.Path] {
			kept = append(kept, it)
		}
	}
	if err := l.c.ClearItems(l.ctx, l.job); err != nil {
		return err
	}
	for i := range kept {
		kept[i].N = int64(i + 1)
	}
	l.n = int64(len(kept))
	if len(kept) == 0 {
		return nil
	}
	return l.c.AddItems(l.ctx, l.job, kept)
}

func (l *itemLog) add(it engine.JobItem) {
	l.n++
	l.batch = append(l.batch, catalog.Item{N: l.n, Path: it.Path, Target: it.Target, Size: it.Size, State: it.State, Reason: it.Reason, Renamed: it.Renamed})
	if len(l.batch) >= 500 {
		l.err = errors.Join(l.err, l.flush())
	}
}

func (l *itemLog) flush() error {
	if len(l.batch) > 0 {
		l.err = errors.Join(l.err, l.c.AddItems(context.WithoutCancel(l.ctx), l.job, l.batch))
		l.batch = nil
	}
	return l.err
}
