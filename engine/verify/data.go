package verify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"slices"

	"golang.org/x/sync/errgroup"

	"holdfast/engine/repo"
	"holdfast/engine/storage"
)

// segment is how much of a pack is read at once; a blob that is longer is read whole.
const segment = 4 << 20

// errUnlike says that the bytes of a pack are not the ones it was written with.
var errUnlike = errors.New("its contents are not the ones it was written with")

// readData reads the packs that are chosen, each once from its beginning to its end.
// What is wrong in them is looked at more closely afterwards.
func (c *check) readData(ctx context.Context) error {
	chosen := c.choose()
	for _, n := range chosen {
		c.Progress.Total.Add(c.stock.packs[n].size)
	}
	group, running := errgroup.WithContext(ctx)
	packs := make(chan uint32)
	group.Go(func() error {
		defer close(packs)
		for _, n := range chosen {
			select {
			case packs <- n:
			case <-running.Done():
				return context.Cause(running)
			}
		}
		return nil
	})
	for range min(c.Workers, len(chosen)) {
		group.Go(func() error {
			r := &packReader{check: c}
			for n := range packs {
				err := r.read(running, n)
				if err != nil && fatal(running, err) {
					return err
				}
				if err != nil {
					c.suspect(n, reason(err))
				}
				c.Progress.Packs.Add(1)
			}
			return nil
		})
	}
	err := group.Wait()
	c.result.Read = c.Progress.Bytes.Load()
	return err
}

// choose picks the packs to read: those that are there as the index says, and of them
// a random part. They come in the order of their names, as file systems keep them.
func (c *check) choose() []uint32 {
	if c.Percent <= 0 {
		return nil
	}
	var chosen []uint32
	for n := range c.stock.packs {
		if p := &c.stock.packs[n]; p.state == packThere && !p.unclear {
			chosen = append(chosen, uint32(n))
		}
	}
	if c.Percent < 100 {
		c.Rand.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
		chosen = chosen[:int(math.Ceil(float64(len(chosen))*c.Percent/100))]
	}
	slices.SortFunc(chosen, func(a, b uint32) int {
		return cmp.Compare(keyOf(&c.stock.packs[a].id).high, keyOf(&c.stock.packs[b].id).high)
	})
	return chosen
}

// packReader is a worker. It keeps its buffers.
type packReader struct {
	*check
	sealed, plain []byte
}

// read holds a pack against its name, its header against the index, and every blob
// against its own name. It stops at the first thing that is wrong.
func (r *packReader) read(ctx context.Context, n uint32) error {
	p := &r.stock.packs[n]
	header, err := r.Repo.PackHeader(ctx, p.id, p.size)
	if err != nil {
		return fmt.Errorf("its table of contents cannot be read: %w", err)
	}
	if _, sum := r.stock.measure(header.Blobs); sum != p.sum {
		return errors.New("its table of contents is not what the index says")
	}
	hash := sha256.New()
	blobs := header.Blobs
	for at := int64(0); at < p.size; {
		to := at
		count := 0
		for count < len(blobs) && (count == 0 || to+int64(blobs[count].Length)-at <= segment) {
			to += int64(blobs[count].Length)
			count++
		}
		if count == len(blobs) {
			to = p.size // with the header
		}
		data, err := r.Repo.Store().Get(ctx, storage.Packs, p.id.String(), at, to-at, r.sealed)
		if err != nil {
			return fmt.Errorf("it cannot be read: %w", err)
		}
		r.sealed = kept(data)
		r.Progress.Bytes.Add(int64(len(data)))
		hash.Write(data)
		if err := r.unseal(data, at, blobs[:count]); err != nil {
			return err
		}
		blobs = blobs[count:]
		at = to
	}
	var id repo.ID
	if hash.Sum(id[:0]); id != p.id {
		return errUnlike
	}
	return nil
}

func (r *packReader) unseal(data []byte, base int64, blobs []repo.Blob) error {
	for _, b := range blobs {
		at := int64(b.Offset) - base
		plain, err := r.Repo.Unseal(b, data[at:at+int64(b.Length)], r.plain)
		if err != nil {
			return err
		}
		if b.Plain != 0 {
			r.plain = kept(plain)
		}
		r.Progress.Blobs.Add(1)
	}
	return nil
}
