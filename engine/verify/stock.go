package verify

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"holdfast/engine/repo"
)

// What a pack has besides its blobs: a header with an entry for each blob, sealed,
// and the header's length.
const (
	entrySize = 1 + 4 + 32
	plainSize = 4 // more in the entry of a compressed blob
	packFrame = repo.Overhead + 4
)

// stock is what the index files say there is.
type stock struct {
	mu     sync.Mutex
	packs  []pack
	number map[repo.ID]uint32
	data   table[dataRow]
	trees  table[treeRow]
	listed int64 // blobs

	lost bits // data blobs without a good copy
	seed maphash.Seed
}

// pack is what the index files say of one.
type pack struct {
	id      repo.ID
	size    int64  // of the file, as it follows from the blobs
	sum     uint64 // of all that is said of its blobs, whatever their order
	blobs   int32
	unclear bool // two index files differ about it
	state   packState
}

type packState uint8

const (
	packMissing packState = iota // until it is seen in the listing
	packThere
	packResized // there, with another size than it should have
)

func newStock() *stock {
	return &stock{number: map[repo.ID]uint32{}, seed: maphash.MakeSeed()}
}

// measure gives the size of a pack that holds the blobs, and their sum.
func (s *stock) measure(blobs []repo.Blob) (size int64, sum uint64) {
	size = packFrame
	var said [32 + 13]byte
	for i := range blobs {
		b := &blobs[i]
		size += int64(b.Length) + entrySize
		if b.Plain != 0 {
			size += plainSize
		}
		copy(said[:], b.ID[:])
		said[32] = byte(b.Type)
		binary.LittleEndian.PutUint32(said[33:], b.Offset)
		binary.LittleEndian.PutUint32(said[37:], b.Length)
		binary.LittleEndian.PutUint32(said[41:], b.Plain)
		sum += maphash.Bytes(s.seed, said[:])
	}
	return size, sum
}

// add takes in what an index file says of a pack.
func (s *stock) add(p repo.PackInfo) {
	size, sum := s.measure(p.Blobs)
	s.mu.Lock()
	defer s.mu.Unlock()
	n, known := s.number[p.ID]
	switch {
	case !known:
		n = uint32(len(s.packs))
		s.number[p.ID] = n
		s.packs = append(s.packs, pack{id: p.ID, size: size, sum: sum, blobs: int32(len(p.Blobs))})
	case s.packs[n].sum == sum:
		return // said twice
	default:
		s.packs[n].unclear = true
	}
	s.listed += int64(len(p.Blobs))
	for i := range p.Blobs {
		b := &p.Blobs[i]
		if b.Type == repo.Tree {
			s.trees.add(treeRow{b.ID, n, b.Offset, b.Length, b.Plain})
		} else {
			s.data.add(dataRow(keyOf(&b.ID)))
		}
	}
}

func (s *stock) seal() {
	var both sync.WaitGroup
	both.Go(s.data.seal)
	both.Go(s.trees.seal)
	both.Wait()
	s.lost = newBits(s.data.len())
}

// has says whether an index lists the data blob, and no reason is known why it could
// not be read.
func (s *stock) has(id *repo.ID) bool {
	n, ok := s.data.find(keyOf(id))
	return ok && !s.lost.has(n)
}

// loadIndexes reads all index files.
func (c *check) loadIndexes(ctx context.Context) error {
	c.stock = newStock()
	files, err := c.Repo.ListIndexes(ctx)
	if err != nil {
		return err
	}
	slices.SortFunc(files, repo.ID.Compare)
	group, running := errgroup.WithContext(ctx)
	group.SetLimit(c.Workers)
	for _, id := range files {
		group.Go(func() error {
			err := c.Repo.LoadIndex(running, id, func(p repo.PackInfo) error {
				c.stock.add(p)
				return running.Err()
			})
			if err == nil || fatal(running, err) {
				return err
			}
			c.badIndex(id, err)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	slices.SortFunc(c.result.Indexes, repo.ID.Compare)
	c.stock.seal()
	c.result.CheckResult.Packs = int64(len(c.stock.packs))
	c.result.CheckResult.Blobs = c.stock.listed
	return nil
}

func (c *check) badIndex(id repo.ID, err error) {
	c.fault("The list of stored pieces in the file index/%v cannot be read (%s). What only it lists cannot be found until the lists are made again.", id, reason(err))
	c.mu.Lock()
	c.result.Indexes = append(c.result.Indexes, id)
	c.mu.Unlock()
}

// eachListed goes through the index files again, for what was too much to remember.
func (c *check) eachListed(ctx context.Context, fn func(n uint32, p repo.PackInfo) error) error {
	files, err := c.Repo.ListIndexes(ctx)
	if err != nil {
		return err
	}
	slices.SortFunc(files, repo.ID.Compare)
	for _, id := range files {
		if _, bad := slices.BinarySearchFunc(c.result.Indexes, id, repo.ID.Compare); bad {
			continue
		}
		err := c.Repo.LoadIndex(ctx, id, func(p repo.PackInfo) error {
			n, ok := c.stock.number[p.ID]
			if !ok {
				return ctx.Err() // written since
			}
			return errors.Join(fn(n, p), ctx.Err())
		})
		if err != nil {
			return fmt.Errorf("read an index file again: %w", err)
		}
	}
	return nil
}

// comparePacks holds the listing of the packs against the index.
func (c *check) comparePacks(ctx context.Context) error {
	err := c.Repo.ListPacks(ctx, func(id repo.ID, size int64) error {
		n, ok := c.stock.number[id]
		if !ok {
			c.result.UnlistedPacks++
			return ctx.Err()
		}
		p := &c.stock.packs[n]
		p.state = packThere
		switch {
		case p.unclear:
			c.suspect(n, "the index files differ about what it holds")
		case size != p.size:
			p.state = packResized
			c.suspect(n, fmt.Sprintf("it is %d bytes long where the index makes it %d", size, p.size))
			p.size = size
		}
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	for n := range c.stock.packs {
		if c.stock.packs[n].state == packMissing {
			c.suspect(uint32(n), "it is missing")
		}
	}
	return nil
}

// suspect marks a pack for a closer look. The first reason counts.
func (c *check) suspect(n uint32, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.suspects[n]; !known {
		c.suspects[n] = why
	}
}
