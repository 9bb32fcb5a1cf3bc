//go:build unix

package local

import (
	"os"
	"testing"

	"holdfast/engine/storage"
	"holdfast/engine/storage/storagetest"
)

func TestEveryWayOfNamingKeepsThePromises(t *testing.T) {
	for way := range ways {
		t.Run([]string{"renameat2", "link", "look and rename"}[way], func(t *testing.T) {
			storagetest.Run(t, func(t *testing.T) storage.Store {
				s, err := Create(memory(t))
				if err != nil {
					t.Fatal(err)
				}
				s.naming.way.Store(int32(way))
				return s
			})
		})
	}
}

// memory is a folder that flushes fast, where there is one.
func memory(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "holdfast-*")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
