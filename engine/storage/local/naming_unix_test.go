//go:build unix

package local

import (
	"testing"

	"holdfast/engine/storage"
	"holdfast/engine/storage/storagetest"
)

func TestEveryWayOfNamingKeepsThePromises(t *testing.T) {
	for way := range ways {
		t.Run([]string{"renameat2", "link", "look and rename"}[way], func(t *testing.T) {
			storagetest.Run(t, func(t *testing.T) storage.Store {
				s := create(t)
				s.naming.way.Store(int32(way))
				return s
			})
		})
	}
}
