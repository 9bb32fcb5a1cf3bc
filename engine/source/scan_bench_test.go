package source_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"holdfast/engine/source"
)

// plantTree makes folders with files in them and says how many files.
func plantTree(tb testing.TB, root string, folders, files int) int {
	tb.Helper()
	n := 0
	for i := range folders {
		at := filepath.Join(root, fmt.Sprintf("section-%d", i%20), fmt.Sprintf("folder-%d", i))
		if err := os.MkdirAll(at, 0o755); err != nil {
			tb.Fatal(err)
		}
		for j := range files {
			if err := os.WriteFile(filepath.Join(at, fmt.Sprintf("document number %d.txt", j)), []byte("x"), 0o644); err != nil {
				tb.Fatal(err)
			}
			n++
		}
	}
	return n
}

func scan(ctx context.Context, d source.Dir) (int, error) {
	entries, err := d.Read(ctx)
	if err != nil {
		return 0, err
	}
	n := len(entries)
	for i := range entries {
		if entries[i].Kind != source.KindDir {
			continue
		}
		sub, err := d.Dir(entries[i].Name)
		if err != nil {
			return n, err
		}
		below, err := scan(ctx, sub)
		sub.Close()
		if err != nil {
			return n, err
		}
		n += below
	}
	return n, nil
}

// BenchmarkScan lists 60,000 files in 4,300 folders, as a daily check does. With
// HOLDFAST_TREE it lists an existing tree instead.
func BenchmarkScan(b *testing.B) {
	root := os.Getenv("HOLDFAST_TREE")
	if root == "" {
		root = b.TempDir()
		plantTree(b, root, 4300, 14)
	}
	b.ReportAllocs()
	entries := 0
	for b.Loop() {
		d, err := source.System().OpenDir(root)
		if err != nil {
			b.Fatal(err)
		}
		n, err := scan(b.Context(), d)
		d.Close()
		if err != nil {
			b.Fatal(err)
		}
		entries += n
	}
	b.ReportMetric(float64(entries)/b.Elapsed().Seconds(), "entries/s")
}
