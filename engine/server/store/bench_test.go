package store_test

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"holdfast/engine/server/database"
)

const packSize = 16 << 20

// pack is bytes that were never sent before: the counter makes each one another.
func pack(b []byte, n int) []byte {
	binary.BigEndian.PutUint64(b, uint64(n))
	return b
}

func newPack() []byte {
	b := make([]byte, packSize)
	rand.Read(b)
	return b
}

// bareServer writes what is sent to a file, flushes it, and serves it as net/http does.
func bareServer(b *testing.B) *httptest.Server {
	dir := b.TempDir()
	files := http.FileServer(http.Dir(dir))
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			files.ServeHTTP(w, r)
			return
		}
		f, err := os.Create(filepath.Join(dir, filepath.Base(r.URL.Path)))
		if err == nil {
			_, err = io.Copy(f, r.Body)
			err = errors.Join(err, f.Sync(), f.Close())
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}))
	b.Cleanup(server.Close)
	return server
}

// BenchmarkUp compares uploads of packs with a bare file server that flushes, in
// turns, because disks change their pace within seconds.
func BenchmarkUp(b *testing.B) {
	compare(b, func(b *testing.B, client *http.Client, address string, content []byte) {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, address, bytes.NewReader(content))
		if err != nil {
			b.Fatal(err)
		}
		ask(b, client, r)
	}, nil)
}

// BenchmarkDown compares downloads with net/http's file server.
func BenchmarkDown(b *testing.B) {
	get := func(b *testing.B, client *http.Client, address string, _ []byte) {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, address, nil)
		if err != nil {
			b.Fatal(err)
		}
		ask(b, client, r)
	}
	compare(b, get, newPack())
}

// compare runs one thing against both servers in turns, with a pack that both have
// or, without one, with a new pack each time.
func compare(b *testing.B, run func(*testing.B, *http.Client, string, []byte), there []byte) {
	plain, w := bareServer(b), benchWorld(b)
	servers := []*httptest.Server{plain, w.server}
	if there != nil {
		for _, s := range servers {
			r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, s.URL+"/storage/data/"+nameOf(there), bytes.NewReader(there))
			if err != nil {
				b.Fatal(err)
			}
			ask(b, s.Client(), r)
		}
	}
	content := newPack()
	var took [2]time.Duration
	n := 0
	for ; b.Loop(); n++ {
		for i := range servers {
			i = (i + n) % 2
			if there == nil {
				pack(content, 2*n+i)
			} else {
				content = there
			}
			path := "/storage/data/" + nameOf(content)
			if servers[i] == plain {
				path = "/" + nameOf(content)
			}
			began := time.Now()
			run(b, servers[i].Client(), servers[i].URL+path, content)
			took[i] += time.Since(began)
		}
	}
	rate := func(d time.Duration) float64 { return float64(n) * packSize / 1e6 / d.Seconds() }
	b.ReportMetric(rate(took[0]), "bare-MB/s")
	b.ReportMetric(rate(took[1]), "Holdfast-MB/s")
	b.ReportMetric(100*took[0].Seconds()/took[1].Seconds(), "%")
}

func benchWorld(b *testing.B) *world {
	db, err := database.Open(b.Context(), filepath.Join(b.TempDir(), "bench.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	if err := db.Migrate(b.Context(), database.Schema()); err != nil {
		b.Fatal(err)
	}
	return newWorld(b, db, onDisk(b))
}

func ask(b *testing.B, client *http.Client, r *http.Request) {
	r.SetBasicAuth(annLaptop, "secret")
	response, err := client.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != 200 {
		b.Fatal(response.Status, err)
	}
}
