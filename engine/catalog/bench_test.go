package catalog

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"holdfast/engine/repo"
)

// made is where the large catalog of the benchmarks is kept between runs.
const made = "HOLDFAST_CATALOG"

func fileName(r *rand.Rand) string {
	words := []string{"report", "thesis", "photo", "invoice", "letter", "index", "main", "notes", "budget", "lecture", "draft", "IMG", "scan"}
	ends := []string{".docx", ".pdf", ".jpg", ".go", ".txt", ".html", ".xlsx", ".c", ".py"}
	return fmt.Sprintf("%s_%s-%04d%s", words[r.IntN(len(words))], words[r.IntN(len(words))], r.IntN(10000), ends[r.IntN(len(ends))])
}

// stageTree adds packs and stages folders×each files below top.
func stageTree(b testing.TB, c *Catalog, top string, folders, each int, seed uint64) {
	b.Helper()
	ctx := context.Background()
	r := rand.New(rand.NewPCG(seed, 1))
	var p repo.PackInfo
	var batches [][]Staged
	for d := range folders {
		dir := fmt.Sprintf("%s/area%02d/group%03d/folder%05d", top, d%20, d%400, d)
		batch := make([]Staged, 0, each)
		seen := map[string]bool{}
		for len(batch) < each {
			name := fileName(r)
			if seen[name] {
				continue
			}
			seen[name] = true
			var key [32]byte
			binary.LittleEndian.PutUint64(key[:], r.Uint64())
			content := repo.Hash(key[:8])
			p.Blobs = append(p.Blobs, repo.Blob{ID: content, Offset: uint32(len(p.Blobs) * 20000), Length: 20000, Plain: 40000})
			batch = append(batch, Staged{Device: me, Dir: dir, Entry: Entry{
				Name: name, Kind: File, Mode: 0o644, Size: int64(r.IntN(1 << 20)), ModTime: at(0).UnixNano() - r.Int64N(1e17),
				ChangeTime: at(0).UnixNano() - r.Int64N(1e17), Inode: uint64(r.IntN(1 << 24)), Content: []repo.ID{content},
			}})
		}
		batches = append(batches, batch)
		if len(p.Blobs) >= 800 || d == folders-1 {
			p.ID = repo.Hash(p.Blobs[0].ID[:])
			must(b, c.AddPack(ctx, p, 16<<20, true))
			p = repo.PackInfo{}
			for _, batch := range batches {
				must(b, c.Stage(ctx, batch))
			}
			batches = batches[:0]
		}
	}
	must(b, c.settled(ctx))
}

// million opens a catalog of 1,000,000 files in 43,000 folders, with one folder of
// 20,000 and a file of 2,000 versions.
func million(b *testing.B) *Catalog {
	b.Helper()
	dir := os.Getenv(made)
	if dir == "" {
		dir = b.TempDir()
	}
	path := filepath.Join(dir, "million.db")
	c, err := Open(context.Background(), path, "million")
	must(b, err)
	b.Cleanup(func() { c.Close() })
	if !c.Fresh() {
		return c
	}
	n := 0
	for part := range 10 {
		stageTree(b, c, fmt.Sprintf("/home/ann/part%d", part), 4300, 23, uint64(part))
		n++
		must(b, c.Commit(context.Background(), snapshot(n)))
	}
	stageTree(b, c, "/home/ann/large", 1, 20_000, 99)
	n++
	must(b, c.Commit(context.Background(), snapshot(n)))
	for range 2000 {
		n++
		capture(b, c, n, file("/home/ann/diary.txt", fmt.Sprint("day ", n), n))
	}
	for c.indexing.Load() {
		time.Sleep(10 * time.Millisecond)
	}
	info, err := os.Stat(path)
	must(b, err)
	b.Logf("made %d files, %d bytes a file", 1_009_000, info.Size()/1_009_000)
	return c
}

func BenchmarkChildrenOf20000(b *testing.B) {
	c := million(b)
	e, err := c.Lookup(context.Background(), me, "/home/ann/large/area00/group000/folder00000")
	must(b, err)
	for b.Loop() {
		list, err := c.Children(context.Background(), e.ID, ChildrenOptions{At: at(12), Deleted: true})
		must(b, err)
		equal(b, "entries", len(list), 20_000)
	}
}

func BenchmarkVersionsOf2000(b *testing.B) {
	c := million(b)
	e, err := c.Lookup(context.Background(), me, "/home/ann/diary.txt")
	must(b, err)
	for b.Loop() {
		list, err := c.Versions(context.Background(), e.ID)
		must(b, err)
		equal(b, "versions", len(list), 2000)
	}
}

func BenchmarkFind(b *testing.B) {
	c := million(b)
	for _, text := range []string{"thesis_letter-1234", "1234", "invoice", "do", "nothing of that name"} {
		b.Run(text, func(b *testing.B) {
			found := 0
			for b.Loop() {
				list, err := c.Find(context.Background(), me, text, FindOptions{Deleted: true})
				must(b, err)
				found = len(list)
			}
			b.ReportMetric(float64(found), "hits")
		})
	}
}

func BenchmarkLocate(b *testing.B) {
	c := million(b)
	var ids []repo.ID
	must(b, c.read(context.Background(), func(s *session) error {
		return s.each(context.Background(), func(r row) error {
			ids = append(ids, idOf(r.bytes(0)))
			return nil
		}, "SELECT hash FROM blob LIMIT 100000")
	}))
	for b.Loop() {
		_, ok, err := c.Locate(repo.Data, ids[rand.IntN(len(ids))])
		must(b, err)
		equal(b, "found", ok, true)
	}
}

func BenchmarkLocateUnknown(b *testing.B) {
	c := million(b)
	c.Has(repo.Data, id("x"))
	for c.filter.bits.Load() == nil {
		time.Sleep(time.Millisecond)
	}
	var key repo.ID
	n := uint64(0)
	for b.Loop() {
		n++
		binary.LittleEndian.PutUint64(key[8:], n*0x9e3779b97f4a7c15)
		binary.LittleEndian.PutUint64(key[16:], n*0xc2b2ae3d27d4eb4f)
		c.Has(repo.Data, key)
	}
}

func BenchmarkOpenMillion(b *testing.B) {
	c := million(b)
	path := c.path
	c.Close()
	for b.Loop() {
		c, err := Open(context.Background(), path, "million")
		must(b, err)
		b.StopTimer()
		must(b, c.Close())
		b.StartTimer()
	}
}

func BenchmarkOpenNew(b *testing.B) {
	for b.Loop() {
		c, err := Open(context.Background(), filepath.Join(b.TempDir(), "new.db"), "x")
		must(b, err)
		b.StopTimer()
		must(b, c.Close())
		b.StartTimer()
	}
}

// BenchmarkCapture is what a first capture of 60,000 files in 4,300 folders costs
// here, and one without a change.
func BenchmarkCapture(b *testing.B) {
	ctx := context.Background()
	var staging, commit, unchanged time.Duration
	n := 0
	for b.Loop() {
		c, err := Open(ctx, filepath.Join(b.TempDir(), "capture.db"), "x")
		must(b, err)
		t0 := time.Now()
		stageTree(b, c, "/home/ann", 4300, 14, 1)
		t1 := time.Now()
		must(b, c.Commit(ctx, snapshot(1)))
		t2 := time.Now()
		root, err := c.Root(ctx, me)
		must(b, err)
		count := childrenBelow(b, c, root)
		t3 := time.Now()
		equal(b, "entries", count > 60_000, true)
		staging, commit, unchanged = staging+t1.Sub(t0), commit+t2.Sub(t1), unchanged+t3.Sub(t2)
		n++
		must(b, c.Close())
	}
	b.ReportMetric(staging.Seconds()*1000/float64(n), "ms-packs+stage")
	b.ReportMetric(commit.Seconds()*1000/float64(n), "ms-commit")
	b.ReportMetric(unchanged.Seconds()*1000/float64(n), "ms-children")
}

func childrenBelow(b testing.TB, c *Catalog, dir EntryID) int {
	list, err := c.Children(context.Background(), dir, ChildrenOptions{Content: true})
	must(b, err)
	n := len(list)
	for _, e := range list {
		if e.Kind == Dir {
			n += childrenBelow(b, c, e.ID)
		}
	}
	return n
}

func BenchmarkCommit200000(b *testing.B) {
	ctx := context.Background()
	var commit time.Duration
	n := 0
	for b.Loop() {
		c, err := Open(ctx, filepath.Join(b.TempDir(), "capture.db"), "x")
		must(b, err)
		stageTree(b, c, "/home/ann", 8700, 23, 1)
		t1 := time.Now()
		must(b, c.Commit(ctx, snapshot(1)))
		commit += time.Since(t1)
		n++
		must(b, c.Close())
	}
	b.ReportMetric(commit.Seconds()*1000/float64(n), "ms-commit")
}
