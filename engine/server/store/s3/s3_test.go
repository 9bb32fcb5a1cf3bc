package s3_test

import (
	"testing"

	"holdfast/engine/server/store"
	"holdfast/engine/server/store/s3"
	"holdfast/engine/server/store/storetest"
)

func TestABucketKeepsThePromises(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Bytes {
		address, options := storetest.S3(t)
		s, err := s3.Open(t.Context(), address, options)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
