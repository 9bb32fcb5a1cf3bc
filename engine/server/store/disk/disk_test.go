package disk_test

import (
	"testing"

	"holdfast/engine/server/store"
	"holdfast/engine/server/store/disk"
	"holdfast/engine/server/store/storetest"
)

func TestAFolderKeepsThePromises(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Bytes {
		s, err := disk.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
