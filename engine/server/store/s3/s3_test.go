package s3_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
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

func TestAServiceThatOverwritesIsRefused(t *testing.T) {
	var stored int
	careless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		switch r.Method {
		case http.MethodPut:
			stored++
			w.Header().Set("Etag", `"x"`)
		case http.MethodHead:
			w.Header().Set("Last-Modified", "Sun, 01 Mar 2026 12:00:00 GMT")
			w.Header().Set("Content-Length", "5")
			w.Header().Set("Etag", `"x"`)
		case http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	t.Cleanup(careless.Close)
	address := "s3://" + careless.Listener.Addr().String() + "/bucket?insecure=1"
	_, err := s3.Open(t.Context(), address, s3.Options{AccessKey: "key", SecretKey: "geheim"})
	if !errors.Is(err, s3.ErrOverwrites) || stored != 2 {
		t.Errorf("%v after %d writes", err, stored)
	}
}

func TestAnAddressWithAMistakeIsRefusedWithoutBeingRepeated(t *testing.T) {
	for _, address := range []string{"", "http://host/bucket", "s3://host", "s3://key:geheim@host/bucket", "s3://host/bucket?secure=geheim", "s3://ho st/geheim", "s3:///geheim"} {
		_, err := s3.Open(t.Context(), address, s3.Options{})
		if err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
