package verify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"holdfast/engine/repo"
	"holdfast/engine/storage"
)

// batchBlobs is how many blobs of suspects are held in memory at once.
const batchBlobs = 200_000

// verdict is what a closer look at a suspect found.
type verdict struct {
	pack repo.ID
	why  string
	bad  int // blobs that cannot be read
	all  int
}

// judge looks at every suspect closely, and works out which blobs are lost: in a pack
// where they cannot be read, and in no other that is known to be good.
func (c *check) judge(ctx context.Context) error {
	if len(c.suspects) == 0 {
		return nil
	}
	guilty, err := c.examineAll(ctx)
	if err != nil {
		return err
	}
	c.sentence(guilty)
	// A second copy is one in a pack that nobody suspects.
	err = c.eachListed(ctx, func(n uint32, p repo.PackInfo) error {
		if _, bad := guilty[n]; bad {
			return nil
		}
		for i := range p.Blobs {
			if at, ok := c.stock.data.find(keyOf(&p.Blobs[i].ID)); ok && p.Blobs[i].Type == repo.Data {
				c.stock.lost.clear(at)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.listLost(ctx, guilty)
}

// examineAll gives the suspects that something is wrong with, and marks the blobs in
// them that cannot be read.
func (c *check) examineAll(ctx context.Context) (map[uint32]*verdict, error) {
	guilty := map[uint32]*verdict{}
	var batch []repo.PackInfo
	held := 0
	flush := func() error {
		err := c.examineBatch(ctx, batch, guilty)
		batch, held = batch[:0], 0
		return err
	}
	err := c.eachListed(ctx, func(n uint32, p repo.PackInfo) error {
		why, suspected := c.suspects[n]
		if !suspected {
			return nil
		}
		if c.stock.packs[n].state == packMissing {
			c.markAll(p.Blobs)
			guilty[n] = &verdict{pack: p.ID, why: why, bad: len(p.Blobs), all: len(p.Blobs)}
			return nil
		}
		batch = append(batch, p)
		if held += len(p.Blobs); held < batchBlobs {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	return guilty, err
}

func (c *check) markAll(blobs []repo.Blob) {
	for i := range blobs {
		c.mark(&blobs[i])
	}
}

func (c *check) mark(b *repo.Blob) {
	if at, ok := c.stock.data.find(keyOf(&b.ID)); ok && b.Type == repo.Data {
		c.stock.lost.set(at)
	}
}

func (c *check) examineBatch(ctx context.Context, batch []repo.PackInfo, guilty map[uint32]*verdict) error {
	group, running := errgroup.WithContext(ctx)
	group.SetLimit(c.Workers)
	var mu sync.Mutex
	for _, p := range batch {
		group.Go(func() error {
			v, err := c.examine(running, p)
			if err != nil || v == nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			n := c.stock.number[p.ID]
			if before := guilty[n]; before != nil { // another index file lists it too
				v.bad, v.all = max(v.bad, before.bad), max(v.all, before.all)
			}
			guilty[n] = v
			return nil
		})
	}
	return group.Wait()
}

// examine reads a pack in whatever state it is, blob by blob. No verdict means that
// nothing is wrong with it: what made it suspect did not happen again, or an index
// file listed a part of it only.
func (c *check) examine(ctx context.Context, p repo.PackInfo) (*verdict, error) {
	n := c.stock.number[p.ID]
	v := &verdict{pack: p.ID, why: c.suspects[n], all: len(p.Blobs)}
	var buf []byte
	for i := range p.Blobs {
		plain, err := c.Repo.ReadBlob(ctx, repo.Location{Pack: p.ID, Blob: p.Blobs[i]}, buf)
		if err == nil {
			buf = kept(plain)
			continue
		}
		if fatal(ctx, err) {
			return nil, err
		}
		v.bad++
		c.mark(&p.Blobs[i])
	}
	v.bad = max(v.bad, c.failedIn(n))
	if v.bad > 0 {
		return v, nil
	}
	same, err := c.asWritten(ctx, n)
	if err != nil || same {
		return nil, err
	}
	return v, nil
}

// failedIn counts the trees of a pack that could not be read or decoded.
func (c *check) failedIn(n uint32) int {
	count := 0
	for tree := range c.walked.failed {
		if c.stock.trees.at(tree).pack == n {
			count++
		}
	}
	return count
}

// asWritten says whether a pack has the hash it is named by, and a header.
func (c *check) asWritten(ctx context.Context, n uint32) (bool, error) {
	p := &c.stock.packs[n]
	hash := sha256.New()
	var buf []byte
	for at := int64(0); at < p.size; at += segment {
		var err error
		buf, err = c.Repo.Store().Get(ctx, storage.Packs, p.id.String(), at, min(segment, p.size-at), buf)
		if err != nil {
			if fatal(ctx, err) {
				return false, err
			}
			return false, nil
		}
		hash.Write(buf)
	}
	var id repo.ID
	if hash.Sum(id[:0]); id != p.id {
		return false, nil
	}
	_, err := c.Repo.PackHeader(ctx, p.id, p.size)
	if err != nil && fatal(ctx, err) {
		return false, err
	}
	return err == nil, nil
}

// sentence says what is wrong with each pack that something is wrong with.
func (c *check) sentence(guilty map[uint32]*verdict) {
	verdicts := make([]*verdict, 0, len(guilty))
	for _, v := range guilty {
		verdicts = append(verdicts, v)
	}
	slices.SortFunc(verdicts, func(a, b *verdict) int { return a.pack.Compare(b.pack) })
	for _, v := range verdicts {
		c.result.Packs = append(c.result.Packs, v.pack)
		name := v.pack.String()
		switch {
		case v.bad == 0:
			c.fault("The stored file data/%s/%s is damaged: %s. Every piece of your files in it can still be read.", name[:2], name, v.why)
		case c.stock.packs[c.stock.number[v.pack]].state == packMissing:
			c.fault("The stored file data/%s/%s is missing. %s of files were in it; if the file was moved away, put it back.", name[:2], name, pieces(v.all))
		default:
			c.fault("The stored file data/%s/%s is damaged: %s. Of %s of files in it, %d cannot be read.", name[:2], name, v.why, pieces(v.all), v.bad)
		}
	}
}

// listLost lists the blobs without a good copy: data by the marks, trees by the walk.
func (c *check) listLost(ctx context.Context, guilty map[uint32]*verdict) error {
	for n := range c.walked.failed {
		c.lose(c.stock.location(c.stock.trees.at(n)))
	}
	counted := newBits(c.stock.data.len())
	return c.eachListed(ctx, func(n uint32, p repo.PackInfo) error {
		if _, bad := guilty[n]; !bad {
			return nil
		}
		for i := range p.Blobs {
			at, ok := c.stock.data.find(keyOf(&p.Blobs[i].ID))
			if ok && p.Blobs[i].Type == repo.Data && c.stock.lost.has(at) && counted.set(at) {
				c.lose(repo.Location{Pack: p.ID, Blob: p.Blobs[i]})
			}
		}
		return nil
	})
}

func (c *check) lose(l repo.Location) {
	c.result.LostBlobs++
	if len(c.result.Blobs) < mostBlobs {
		c.result.Blobs = append(c.result.Blobs, l)
	}
}

// listAbsent adds the blobs that are in no index.
func (c *check) listAbsent() {
	for a := range c.absent {
		c.lose(repo.Location{Blob: repo.Blob{ID: a.id, Type: a.kind}})
	}
	slices.SortFunc(c.result.Blobs, func(a, b repo.Location) int {
		return cmp.Or(a.Pack.Compare(b.Pack), cmp.Compare(a.Blob.Offset, b.Blob.Offset), a.Blob.ID.Compare(b.Blob.ID))
	})
}
