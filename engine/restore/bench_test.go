//go:build linux

package restore_test

import (
	"fmt"
	"path/filepath"
	"testing"

	. "holdfast/engine/backup/backuptest"
	"holdfast/engine/repo"
	"holdfast/engine/restore"
)

// BenchmarkManySmallFiles is where what is done for each file counts most.
func BenchmarkManySmallFiles(b *testing.B) {
	files := Tree{}
	for i := range 20_000 {
		files[fmt.Sprintf("%03d/%d", i%200, i)] = File(fmt.Sprint("text of file ", i))
	}
	bench := New(b, files)
	bench.Capture()
	tree := bench.Last().Tree
	index, err := repo.LoadMemoryIndex(b.Context(), bench.Repo)
	if err != nil {
		b.Fatal(err)
	}
	top := b.TempDir()
	n := 0
	for b.Loop() {
		n++
		o := restore.Options{Repo: bench.Repo, Locator: index, Target: filepath.Join(top, fmt.Sprint(n))}
		if err := restore.Run(b.Context(), o, []restore.Source{{Node: repo.Node{Type: repo.NodeDir, Subtree: &tree}, Path: "/"}}); err != nil {
			b.Fatal(err)
		}
	}
}
