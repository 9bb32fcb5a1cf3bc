package storetest

import (
	"testing"

	"holdfast/engine/server/database"
	"holdfast/engine/server/store"
	"holdfast/engine/server/store/disk"
	"holdfast/engine/server/store/s3"
)

// Beside is a new and empty place of bytes of the kind that an institution has beside
// a kind of database: a folder beside SQLite, a bucket beside PostgreSQL.
func Beside(t testing.TB, kind database.Kind) store.Bytes {
	t.Helper()
	if kind == database.SQLite {
		s, err := disk.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	address, options := S3(t)
	s, err := s3.Open(t.Context(), address, options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
