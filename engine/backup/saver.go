package backup

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/engine/repo"
	"holdfast/engine/storage"
)

const (
	dataPackSize = 16 << 20 // bytes at which a pack of data is closed
	treePackSize = 4 << 20  // trees are small, and read one by one
	openPacks    = 2        // blobs go at random to one of these
	packBuffers  = 3        // data packs in memory: open, waiting and travelling
	packsPerFile = 64       // packs an index file speaks of at most: a GiB of data
	blobsPerFile = 20_000   // and blobs: the document is made in memory
)

// Blobs is what the saver asks of the catalog: which blobs are stored, and to
// remember what it stores. AddPack returns when Has knows the pack's blobs.
type Blobs interface {
	Has(t repo.BlobType, id repo.ID) (bool, error)
	AddPack(ctx context.Context, pack repo.PackInfo, size int64, indexed bool) error
	UnindexedPacks(ctx context.Context) ([]repo.PackInfo, error)
	MarkIndexed(ctx context.Context, packs []repo.ID) error
	PutIndexes(ctx context.Context, files []repo.ID) error
}

// saver turns blobs into durable packs: known? seal, pack, upload, remember.
//
// Every blob is in exactly one of three places: underway (sealed into an open or
// a travelling pack), in the catalog (its pack is durable), or unknown. A blob
// moves from underway to the catalog only after its pack is durable, so a crash
// can lose packs that nothing refers to, and nothing else.
type saver struct {
	repo     *repo.Repository
	blobs    Blobs
	progress *Progress

	mu       sync.Mutex
	underway map[blobKey]struct{}

	open  []*openPack // openPacks for data, then one for trees
	rooms chan []byte // buffers for data packs, nil while one was never used

	uploads   chan finished
	uploaders *errgroup.Group
	ctx       context.Context // ends when an upload failed
	unindexed int             // packs since the last index file; owned by the uploader
	unlisted  int             // blobs in them
}

type blobKey struct {
	id repo.ID
	t  repo.BlobType
}

// openPack is a pack that takes blobs. Its lock is held for a copy, never for
// hashing or I/O.
type openPack struct {
	mu     sync.Mutex
	packer *repo.Packer
	limit  int
}

type finished struct {
	packer *repo.Packer
	t      repo.BlobType
}

func newSaver(ctx context.Context, r *repo.Repository, blobs Blobs, p *Progress) *saver {
	group, ctx := errgroup.WithContext(ctx)
	s := &saver{
		repo: r, blobs: blobs, progress: p,
		underway:  make(map[blobKey]struct{}),
		rooms:     make(chan []byte, packBuffers),
		uploads:   make(chan finished),
		uploaders: group,
		ctx:       ctx,
	}
	for range packBuffers {
		s.rooms <- nil
	}
	for range openPacks {
		s.open = append(s.open, &openPack{limit: dataPackSize})
	}
	s.open = append(s.open, &openPack{limit: treePackSize})
	group.Go(s.upload)
	return s
}

// save stores one blob unless it is known. It returns the bytes that the
// destination grows by, which is zero for a known one. scratch is the caller's
// buffer for sealing, handed back for the next call.
func (s *saver) save(t repo.BlobType, id repo.ID, plain, scratch []byte) (added int, _ []byte, err error) {
	key := blobKey{id, t}
	if !s.claim(key) {
		return 0, scratch, nil
	}
	known, err := s.blobs.Has(t, id)
	if err != nil {
		s.release(key)
		return 0, scratch, fmt.Errorf("look up blob %v: %w", id, err)
	}
	if known {
		s.release(key)
		return 0, scratch, nil
	}
	sealed, err := s.repo.Seal(t, id, plain, scratch)
	if err != nil {
		s.release(key)
		return 0, scratch, fmt.Errorf("seal blob %v: %w", id, err)
	}
	if err := s.pack(t, sealed); err != nil {
		return 0, scratch, err
	}
	s.progress.Stored.Add(int64(len(sealed.Bytes)))
	return len(sealed.Bytes), sealed.Bytes, nil
}

// claim makes the caller the one who stores a blob, unless somebody is.
func (s *saver) claim(key blobKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.underway[key]; taken {
		return false
	}
	s.underway[key] = struct{}{}
	return true
}

func (s *saver) release(key blobKey) {
	s.mu.Lock()
	delete(s.underway, key)
	s.mu.Unlock()
}

// pack copies a sealed blob into an open pack and sends the pack off when it is
// full. Data goes at random to one of two packs, so that the sizes of
// neighbouring chunks cannot be read off a pack
// (https://eprint.iacr.org/2025/532).
func (s *saver) pack(t repo.BlobType, sealed repo.Sealed) error {
	open := s.open[openPacks]
	if t == repo.Data {
		open = s.open[rand.IntN(openPacks)]
	}
	open.mu.Lock()
	if open.packer == nil {
		room, err := s.buffer(open)
		if err != nil {
			open.mu.Unlock()
			return err
		}
		open.packer = s.repo.NewPacker(t, room)
	}
	open.packer.Add(sealed)
	var full *repo.Packer
	if open.packer.Size() >= open.limit {
		full, open.packer = open.packer, nil
	}
	open.mu.Unlock()
	if full == nil {
		return nil
	}
	return s.send(finished{full, t})
}

func (s *saver) send(f finished) error {
	began := time.Now()
	defer func() { s.progress.WaitedForStorage.Add(int64(time.Since(began))) }()
	select {
	case s.uploads <- f:
		return nil
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	}
}

// buffer gives a pack room for what it will hold, so that it never grows by copying.
// There are only so many for data packs, which are most of the memory of a capture:
// who needs another waits for an upload.
func (s *saver) buffer(open *openPack) ([]byte, error) {
	if open.limit < dataPackSize {
		return make([]byte, 0, open.limit+open.limit/8), nil
	}
	began := time.Now()
	defer func() { s.progress.WaitedForStorage.Add(int64(time.Since(began))) }()
	select {
	case b := <-s.rooms:
		if b == nil {
			b = make([]byte, 0, open.limit+2<<20)
		}
		return b, nil
	case <-s.ctx.Done():
		return nil, context.Cause(s.ctx)
	}
}

// upload owns the way of packs to the destination.
func (s *saver) upload() error {
	for {
		select {
		case f, ok := <-s.uploads:
			if !ok {
				return nil
			}
			if err := s.put(f); err != nil {
				return err
			}
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		}
	}
}

func (s *saver) put(f finished) error {
	info, data, err := f.packer.Finish()
	if err != nil {
		return fmt.Errorf("finish pack: %w", err)
	}
	if err := s.repo.Store().Put(s.ctx, storage.Packs, info.ID.String(), data); err != nil {
		return fmt.Errorf("store pack %v: %w", info.ID, err)
	}
	if err := s.blobs.AddPack(s.ctx, info, int64(len(data)), false); err != nil {
		return fmt.Errorf("remember pack %v: %w", info.ID, err)
	}
	s.mu.Lock()
	for _, b := range info.Blobs {
		delete(s.underway, blobKey{b.ID, b.Type})
	}
	s.mu.Unlock()
	if f.t == repo.Data {
		s.rooms <- data[:0]
	}
	s.unindexed++
	s.unlisted += len(info.Blobs)
	if s.unindexed >= packsPerFile || s.unlisted >= blobsPerFile {
		return s.index(s.ctx)
	}
	return nil
}

// index writes an index file about every durable pack that has none yet, those
// of a run that was killed included.
func (s *saver) index(ctx context.Context) error {
	packs, err := s.blobs.UnindexedPacks(ctx)
	if err != nil {
		return fmt.Errorf("list packs without an index: %w", err)
	}
	for len(packs) > 0 {
		batch := indexBatch(packs)
		packs = packs[len(batch):]
		if err := s.present(ctx, batch); err != nil {
			return err
		}
		file, err := s.repo.SaveIndex(ctx, batch, nil)
		if err != nil {
			return fmt.Errorf("store index: %w", err)
		}
		ids := make([]repo.ID, len(batch))
		for i, p := range batch {
			ids[i] = p.ID
		}
		if err := s.blobs.MarkIndexed(ctx, ids); err != nil {
			return fmt.Errorf("remember index: %w", err)
		}
		if err := s.blobs.PutIndexes(ctx, []repo.ID{file}); err != nil {
			return fmt.Errorf("remember index: %w", err)
		}
	}
	s.unindexed, s.unlisted = 0, 0
	return nil
}

// indexBatch is the packs that one index file speaks of, one at least.
func indexBatch(packs []repo.PackInfo) []repo.PackInfo {
	blobs := 0
	for i, p := range packs {
		blobs += len(p.Blobs)
		if i > 0 && (i == packsPerFile || blobs > blobsPerFile) {
			return packs[:i]
		}
	}
	return packs
}

// finish makes everything that was saved durable and indexed.
func (s *saver) finish(ctx context.Context) error {
	for i, open := range s.open {
		if open.packer == nil {
			continue
		}
		t := repo.Data
		if i == openPacks {
			t = repo.Tree
		}
		if err := s.send(finished{open.packer, t}); err != nil {
			return s.stop(err)
		}
		open.packer = nil
	}
	if err := s.stop(nil); err != nil {
		return err
	}
	s.rooms, s.open = nil, nil // most of the memory, and not needed any more
	return s.index(ctx)
}

// stop ends the uploader and gives the error that came first.
func (s *saver) stop(err error) error {
	close(s.uploads)
	if uploading := s.uploaders.Wait(); uploading != nil {
		return uploading
	}
	return err
}
