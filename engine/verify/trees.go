package verify

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"holdfast/engine/repo"
	"holdfast/engine/storage"
)

const (
	// treeSpan bounds one read, and with it the buffer of a worker.
	treeSpan = 8 << 20
	// treeReach is how many bytes are read in vain rather than asked for apart, and
	// how far a read begins before the first tree that is wanted: programs write a
	// folder after the folders in it, so what is wanted next lies there.
	treeReach = 128 << 10
	// keepBuffer is the largest buffer that a worker keeps.
	keepBuffer = 16 << 20
)

// walk reads all trees that the snapshots reach, each once, in waves.
type walk struct {
	*check
	// visit looks at a tree. What it gets belongs to it until it returns; follow is
	// to be called for each folder in it.
	visit func(n int, plain []byte, follow func(*repo.ID)) error

	seen   bits
	mu     sync.Mutex
	next   []int         // trees of the next wave
	failed map[int]error // trees that cannot be read
}

// stretch is a range of a pack that is fetched in one read.
type stretch struct {
	pack     uint32
	from, to int64
	wanted   []int // trees
}

func (c *check) newWalk() *walk {
	return &walk{check: c, seen: newBits(c.stock.trees.len()), failed: map[int]error{}}
}

// want asks for a tree, unless it was asked for before. False: no index lists it.
func (w *walk) want(id *repo.ID) bool {
	n, ok := w.stock.trees.find(keyOf(id))
	if ok && w.seen.set(n) {
		w.next = append(w.next, n)
	}
	return ok
}

// run goes on until no tree is wanted any more.
func (w *walk) run(ctx context.Context) error {
	for len(w.next) > 0 {
		wave := w.plan(w.next)
		w.next = nil
		group, running := errgroup.WithContext(ctx)
		stretches := make(chan stretch)
		group.Go(func() error {
			defer close(stretches)
			for _, s := range wave {
				select {
				case stretches <- s:
				case <-running.Done():
					return context.Cause(running)
				}
			}
			return nil
		})
		for range min(w.Workers, len(wave)) {
			group.Go(func() error {
				r := &treeReader{walk: w}
				for s := range stretches {
					if err := r.read(running, s); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// plan sorts trees by where they lie and puts neighbours into one read.
func (w *walk) plan(wanted []int) []stretch {
	type place struct {
		pack, offset, length uint32
		n                    int
	}
	places := make([]place, len(wanted))
	for i, n := range wanted {
		r := w.stock.trees.at(n)
		places[i] = place{r.pack, r.offset, r.length, n}
	}
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.pack, b.pack), cmp.Compare(a.offset, b.offset))
	})
	var wave []stretch
	for i, p := range places {
		wanted[i] = p.n
		from, to := int64(p.offset), int64(p.offset)+int64(p.length)
		if last := len(wave) - 1; last >= 0 {
			s := &wave[last]
			if s.pack == p.pack && from <= s.to+treeReach && to-s.from <= treeSpan {
				s.to = max(s.to, to)
				s.wanted = wanted[i-len(s.wanted) : i+1]
				continue
			}
		}
		wave = append(wave, stretch{p.pack, max(0, from-treeReach), to, wanted[i : i+1]})
	}
	return wave
}

// treeReader is a worker. It keeps its buffers.
type treeReader struct {
	*walk
	sealed, plain []byte
	todo, later   []int
}

// read fetches a stretch and looks at the trees in it that are wanted or become so.
func (r *treeReader) read(ctx context.Context, s stretch) error {
	data, err := r.Repo.Store().Get(ctx, storage.Packs, r.stock.packs[s.pack].id.String(), s.from, s.to-s.from, r.sealed)
	if err != nil {
		return r.readSingly(ctx, s, err)
	}
	r.sealed = kept(data)
	r.later = r.later[:0]
	r.todo = append(r.todo[:0], s.wanted...)
	for len(r.todo) > 0 {
		n := r.todo[len(r.todo)-1]
		r.todo = r.todo[:len(r.todo)-1]
		row := r.stock.trees.at(n)
		at := int64(row.offset) - s.from
		plain, err := r.Repo.Unseal(row.blob(), data[at:at+int64(row.length)], r.plain)
		if err == nil {
			if row.plain != 0 {
				r.plain = kept(plain)
			}
			err = r.visit(n, plain, func(id *repo.ID) { r.follow(s, id) })
		}
		if err != nil {
			r.fail(n, err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	r.mu.Lock()
	r.next = append(r.next, r.later...)
	r.mu.Unlock()
	return nil
}

// readSingly is for a stretch that cannot be read as a whole: what of it is there is
// looked at.
func (r *treeReader) readSingly(ctx context.Context, s stretch, err error) error {
	if fatal(ctx, err) {
		return err
	}
	alone := len(s.wanted) == 1 && int64(r.stock.trees.at(s.wanted[0]).offset) == s.from
	if alone || errors.Is(err, storage.ErrNotFound) {
		for _, n := range s.wanted {
			r.fail(n, err)
		}
		return nil
	}
	for i, n := range s.wanted {
		row := r.stock.trees.at(n)
		from := int64(row.offset)
		one := stretch{s.pack, from, from + int64(row.length), s.wanted[i : i+1]}
		if err := r.read(ctx, one); err != nil {
			return err
		}
	}
	return nil
}

// follow asks for a folder that the tree just looked at holds.
func (r *treeReader) follow(s stretch, id *repo.ID) {
	n, ok := r.stock.trees.find(keyOf(id))
	if !ok || !r.seen.set(n) {
		return
	}
	row := r.stock.trees.at(n)
	if from := int64(row.offset); row.pack == s.pack && from >= s.from && from+int64(row.length) <= s.to {
		r.todo = append(r.todo, n)
	} else {
		r.later = append(r.later, n)
	}
}

func (w *walk) fail(n int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed[n] = err
}

// kept empties a buffer for the next use, unless it grew too large to keep.
func kept(b []byte) []byte {
	if cap(b) > keepBuffer {
		return nil
	}
	return b[:0]
}

// checkTrees decodes every reachable tree and looks whether all it names is listed.
func (c *check) checkTrees(ctx context.Context) error {
	w := c.newWalk()
	c.walked = w
	w.visit = func(_ int, plain []byte, follow func(*repo.ID)) error {
		c.Progress.Trees.Add(1)
		return c.lookAt(plain, follow)
	}
	for i := range c.snapshots {
		if id := &c.snapshots[i].tree; !w.want(id) {
			c.miss(repo.Tree, id)
		}
	}
	if err := w.run(ctx); err != nil {
		return err
	}
	return c.tryCopies(ctx, w)
}

// lookAt decodes a tree. An entry that is refused does not make the others wrong.
func (c *check) lookAt(plain []byte, follow func(*repo.ID)) error {
	err := repo.WalkTree(plain, func(n *repo.Node) error {
		for i := range n.Content {
			if !c.stock.has(&n.Content[i]) {
				c.miss(repo.Data, &n.Content[i])
			}
		}
		if n.Subtree != nil {
			if _, ok := c.stock.trees.find(keyOf(n.Subtree)); !ok {
				c.miss(repo.Tree, n.Subtree)
			}
			follow(n.Subtree)
		}
		return nil
	})
	if refused, ok := errors.AsType[*repo.RefusedError](err); ok {
		c.fault("A stored folder holds entries that cannot be given back (%v). Somebody may have tampered with the backup, or another program made a mistake.", refused)
		return nil
	}
	return err
}

// miss records a blob that is needed and in no index.
func (c *check) miss(kind repo.BlobType, id *repo.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a := (absentee{kind, *id}); len(c.absent) < mostBlobs && !c.absent[a] {
		c.absent[a] = true
	}
}

// tryCopies looks whether trees that cannot be read are stored a second time, and
// goes on from those that are.
func (c *check) tryCopies(ctx context.Context, w *walk) error {
	tried := map[repo.Location]bool{}
	for len(w.failed) > 0 {
		for n := range w.failed {
			row := w.stock.trees.at(n)
			tried[w.stock.location(row)] = true
			c.suspect(row.pack, "a folder's list in it cannot be read")
		}
		found := len(w.next)
		err := c.eachListed(ctx, func(pack uint32, p repo.PackInfo) error {
			for _, b := range p.Blobs {
				if b.Type != repo.Tree {
					continue
				}
				n, ok := w.stock.trees.find(keyOf(&b.ID))
				if !ok || w.failed[n] == nil || tried[repo.Location{Pack: p.ID, Blob: b}] {
					continue
				}
				delete(w.failed, n)
				*w.stock.trees.at(n) = treeRow{b.ID, pack, b.Offset, b.Length, b.Plain}
				w.next = append(w.next, n)
			}
			return nil
		})
		if err != nil || len(w.next) == found {
			return err
		}
		if err := w.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *stock) location(row *treeRow) repo.Location {
	return repo.Location{Pack: s.packs[row.pack].id, Blob: row.blob()}
}
