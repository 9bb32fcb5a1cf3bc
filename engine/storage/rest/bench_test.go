package rest

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"holdfast/engine/storage"
	"holdfast/engine/storage/storagetest"
)

// The store against a bare client of the same transport, over TLS on this computer, so
// that what the store itself costs is seen.
func BenchmarkPacks(b *testing.B) {
	const size = 16 << 20
	s := serve(b, false)
	store := s.open(b, patience)
	bare := &http.Client{Transport: s.transport()}
	data, name := storagetest.Bytes(1, size), storagetest.Name(1)
	s.fault(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			io.Copy(io.Discard, r.Body)
			return true
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", "16777216")
		w.Write(data)
		return true
	})
	buf := make([]byte, 0, size)
	url := store.address(storage.Packs, name)
	for _, c := range []struct {
		name string
		run  func() error
	}{
		{"Put", func() error { return store.Put(b.Context(), storage.Packs, name, data) }},
		{"Get", func() error {
			_, err := store.Get(b.Context(), storage.Packs, name, 0, -1, buf)
			return err
		}},
		{"BarePost", func() error {
			resp, err := bare.Post(url, "application/octet-stream", bytes.NewReader(data))
			if err == nil {
				err = resp.Body.Close()
			}
			return err
		}},
		{"BareGet", func() error {
			resp, err := bare.Get(url)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			_, err = io.ReadFull(resp.Body, buf[:size])
			return err
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				if err := c.run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
