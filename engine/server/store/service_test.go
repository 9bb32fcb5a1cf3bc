package store_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/engine/server/computers"
	"holdfast/engine/server/store"
	"holdfast/engine/server/store/storetest"
	"holdfast/engine/storage"
)

func TestWhatIsStoredCanBeRead(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		content := storetest.Content(1, 300_000)
		for _, k := range []storage.Kind{storage.Config, storage.Keys, storage.Snapshots, storage.Index, storage.Packs} {
			path := w.post(annLaptop, k, content)
			got := w.do(annLaptop, http.MethodGet, path, nil)
			got.want(t, "GET "+path, 200, "")
			if !bytes.Equal(got.body, content) {
				t.Errorf("%s: %d other bytes", path, len(got.body))
			}
			head := w.do(annLaptop, http.MethodHead, path, nil)
			if head.status != 200 || head.header.Get("Content-Length") != "300000" || len(head.body) != 0 {
				t.Errorf("HEAD %s: %d, %v", path, head.status, head.header)
			}
			if tag := head.header.Get("Etag"); k != storage.Config && tag != `"`+nameOf(content)+`"` {
				t.Errorf("HEAD %s: Etag %s", path, tag)
			}
		}
		if u := w.used(ann); u.Used != 5*300_000 || u.Objects != 5 {
			t.Errorf("%+v", u)
		}
	})
}

func TestRanges(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		content := storetest.Content(1, 1000)
		path := w.post(annLaptop, storage.Packs, content)
		for header, want := range map[string]struct {
			status   int
			from, to int
			told     string
		}{
			"bytes=0-99":                       {206, 0, 100, "bytes 0-99/1000"},
			"bytes=10-19":                      {206, 10, 20, "bytes 10-19/1000"},
			"bytes=990-":                       {206, 990, 1000, "bytes 990-999/1000"},
			"bytes=990-5000":                   {206, 990, 1000, "bytes 990-999/1000"},
			"bytes=-10":                        {206, 990, 1000, "bytes 990-999/1000"},
			"bytes=-5000":                      {200, 0, 1000, ""},
			"bytes=0-":                         {200, 0, 1000, ""},
			"bytes=1000-":                      {416, 0, 0, "bytes */1000"},
			"bytes=-0":                         {416, 0, 0, "bytes */1000"},
			"bytes=5-1":                        {200, 0, 1000, ""},
			"bytes=0-1,5-6":                    {200, 0, 1000, ""},
			"bytes=+1-5":                       {200, 0, 1000, ""},
			"bytes=99999999999999999999999-":   {200, 0, 1000, ""},
			"words=1-2":                        {200, 0, 1000, ""},
			"bytes=0-99999999999999999999999 ": {200, 0, 1000, ""},
		} {
			got := w.do(annLaptop, http.MethodGet, path, nil, "Range", header)
			if got.status != want.status || got.header.Get("Content-Range") != want.told {
				t.Errorf("%s: %d %q", header, got.status, got.header.Get("Content-Range"))
			}
			if got.status < 300 && !bytes.Equal(got.body, content[want.from:want.to]) {
				t.Errorf("%s: %d other bytes", header, len(got.body))
			}
		}
		other := w.do(annLaptop, http.MethodGet, path, nil, "Range", "bytes=0-9", "If-Range", `"another"`)
		if other.status != 200 || len(other.body) != 1000 {
			t.Errorf("a range of another file: %d with %d bytes", other.status, len(other.body))
		}
	})
}

func TestContentThatIsNotItsNameIsRefusedAndNotKept(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		content := storetest.Content(1, 100_000)
		path := "/storage/data/" + nameOf(content)
		wrong := bytes.Clone(content)
		wrong[50_000] ^= 1
		w.do(annLaptop, http.MethodPost, path, wrong).want(t, "wrong", 400, "wrong_hash")
		w.do(annLaptop, http.MethodPost, path, []byte{}).want(t, "empty", 400, "wrong_hash")
		w.do(annLaptop, http.MethodGet, path, nil).want(t, "GET", 404, "not_found")
		if u := w.used(ann); u.Used != 0 || u.Objects != 0 {
			t.Errorf("%+v", u)
		}
		w.post(annLaptop, storage.Packs, content)
	})
}

func TestNothingIsOverwritten(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		content := []byte("content")
		path := w.post(annLaptop, storage.Packs, content)
		w.do(annLaptop, http.MethodPost, path, content).want(t, "the same again", 200, "")
		w.do(annLaptop, http.MethodPost, path, content, "If-None-Match", "*").want(t, "the same again, if there is none", 412, "exists")
		w.do(annLaptop, http.MethodPost, path, []byte("another")).want(t, "another", 400, "wrong_hash")
		w.post(annLaptop, storage.Config, content)
		w.do(annLaptop, http.MethodPost, "/storage/config", content).want(t, "config", 403, "exists")
		w.do(annLaptop, http.MethodPost, "/storage/config", []byte("another")).want(t, "config", 403, "exists")
		w.do(annLaptop, http.MethodPost, "/storage/config", content, "If-None-Match", "*").want(t, "config, if there is none", 412, "exists")
		if got := w.do(annLaptop, http.MethodGet, "/storage/config", nil); string(got.body) != "content" {
			t.Errorf("the config is %q", got.body)
		}
		if u := w.used(ann); u.Used != 14 || u.Objects != 2 {
			t.Errorf("%+v", u)
		}
	})
}

func TestAComputerRemovesLocksAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, k := range storage.Kinds() {
			path := w.post(annLaptop, k, []byte("content"))
			got := w.do(annLaptop, http.MethodDelete, path, nil)
			if k == storage.Locks {
				got.want(t, "DELETE "+path, 200, "")
				w.do(annLaptop, http.MethodDelete, path, nil).want(t, "again", 404, "not_found")
				w.do(annLaptop, http.MethodGet, path, nil).want(t, "GET "+path, 404, "not_found")
				w.post(annLaptop, k, []byte("content"))
				continue
			}
			got.want(t, "DELETE "+path, 403, "forbidden")
			w.do(annLaptop, http.MethodGet, path, nil).want(t, "GET "+path, 200, "")
		}
		w.do(annLaptop, http.MethodDelete, "/storage/", nil).want(t, "DELETE /storage/", 403, "forbidden")
	})
}

// Two servers never have quite the same time, and a client speaks to both.
func TestALockGoesThroughAServerWhoseClockIsBehind(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		path := w.post(annLaptop, storage.Locks, []byte("content"))
		w.pass(-time.Second)
		w.do(annLaptop, http.MethodDelete, path, nil).want(t, "DELETE", 200, "")
		w.do(annLaptop, http.MethodGet, path, nil).want(t, "GET", 404, "not_found")
	})
}

func TestListsOfBothVersions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if got := w.do(annLaptop, http.MethodGet, "/storage/keys/", nil); strings.TrimSpace(string(got.body)) != "[]" {
			t.Errorf("no keys: %s", got.body)
		}
		var want []string
		for i := range 5 {
			content := []byte(fmt.Sprint("key ", i))
			w.post(annLaptop, storage.Keys, content)
			want = append(want, nameOf(content))
		}
		slices.Sort(want)
		w.post(bobLaptop, storage.Keys, []byte("bob's"))
		w.post(annLaptop, storage.Index, []byte("index"))

		first := w.do(annLaptop, http.MethodGet, "/storage/keys/", nil)
		var names []string
		if err := json.Unmarshal(first.body, &names); err != nil || !slices.Equal(names, want) || first.header.Get("Content-Type") != "application/vnd.x.restic.rest.v1" {
			t.Errorf("version 1: %s %s, %v", first.header.Get("Content-Type"), first.body, err)
		}
		second := w.do(annLaptop, http.MethodGet, "/storage/keys/", nil, "Accept", "application/vnd.x.restic.rest.v2")
		var entries []struct {
			Name string
			Size int64
			Time time.Time
		}
		if err := json.Unmarshal(second.body, &entries); err != nil || second.header.Get("Content-Type") != "application/vnd.x.restic.rest.v2" {
			t.Errorf("version 2: %s %s, %v", second.header.Get("Content-Type"), second.body, err)
		}
		for i, e := range entries {
			if e.Name != want[i] || e.Size != 5 || !e.Time.Equal(w.now()) {
				t.Errorf("%+v", e)
			}
		}
	})
}

func TestABlockedComputerBacksUpAndReadsNoContents(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, k := range storage.Kinds() {
			path := w.post(annBlocked, k, []byte("content"))
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				got := w.do(annBlocked, method, path, nil)
				if want := map[bool]int{true: 403, false: 200}[k == storage.Packs && method == http.MethodGet]; got.status != want {
					t.Errorf("%s %s: %d", method, path, got.status)
				}
			}
		}
		w.do(annBlocked, http.MethodGet, "/storage/data/", nil).want(t, "list", 200, "")
	})
}

func TestLimits(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		large := make([]byte, 1<<20+1)
		w.do(annLaptop, http.MethodPost, "/storage/keys/"+nameOf(large), large).want(t, "a large key", 413, "bad_request")
		w.do(annLaptop, http.MethodPost, "/storage/locks/"+nameOf(large[:64<<10+1]), large[:64<<10+1]).want(t, "a large lock", 413, "bad_request")
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, w.server.URL+"/storage/keys/"+nameOf([]byte("key")), struct{ *strings.Reader }{strings.NewReader("key")})
		r.ContentLength = -1
		r.SetBasicAuth(annLaptop, "secret")
		w.send(r).want(t, "without a length", 411, "bad_request")
		if _, err := w.db.ExecContext(t.Context(), "INSERT INTO object_usage VALUES ($1, 0, 0, 999)", ann); err != nil {
			t.Fatal(err)
		}
		w.post(annLaptop, storage.Locks, []byte("lock"))
		w.do(annLaptop, http.MethodPost, "/storage/locks/"+nameOf([]byte("one more")), []byte("one more")).want(t, "one lock too many", 409, "conflict")
	})
}

func TestARefusedComputerStoresNothingButLocks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for err, code := range map[error]string{computers.ErrInstitutionNetwork: "institution_network", computers.ErrNoInstitution: "institution_computer_missing"} {
			w.mu.Lock()
			w.may = fmt.Errorf("this computer: %w", err)
			w.mu.Unlock()
			w.do(annLaptop, http.MethodPost, "/storage/data/"+nameOf([]byte("x")), []byte("x")).want(t, "data", 403, code)
		}
		w.post(annLaptop, storage.Locks, []byte("lock"))
	})
}

func TestTheReceiptOfSnapshotsIsToldAndKept(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.post(annLaptop, storage.Packs, []byte("pack"))
		w.post(annLaptop, storage.Snapshots, []byte("one"))
		w.pass(time.Hour)
		w.post(annBlocked, storage.Snapshots, []byte("two"))
		w.post(annBlocked, storage.Snapshots, []byte("two"))
		want := []string{
			annLaptop + " snapshots " + nameOf([]byte("one")) + " 2026-03-01T12:00:00Z",
			annBlocked + " snapshots " + nameOf([]byte("two")) + " 2026-03-01T13:00:00Z",
		}
		if !slices.Equal(w.told, want) {
			t.Errorf("told of %q", w.told)
		}
		all, err := w.service.Snapshots(t.Context(), ann)
		if err != nil || len(all) != 2 || all[0].Computer != annLaptop || all[1].Received.Hour() != 13 {
			t.Errorf("%+v, %v", all, err)
		}
	})
}

func TestMakingARepositoryAndAskingWhatIsFree(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.do(annLaptop, http.MethodPost, "/storage/?create=true", nil).want(t, "create", 200, "")
		w.do(annLaptop, http.MethodPost, "/storage/", nil).want(t, "anything else", 400, "bad_request")
		free := func() string { return w.do(annLaptop, http.MethodHead, "/storage/", nil).header.Get("Holdfast-Free") }
		if got := free(); got != "-1" {
			t.Errorf("without a quota %s", got)
		}
		w.setQuota(100)
		w.post(annLaptop, storage.Keys, make([]byte, 30))
		if got := free(); got != "70" {
			t.Errorf("70 are left, not %s", got)
		}
		w.setQuota(10)
		if got := free(); got != "0" {
			t.Errorf("nothing is left, not %s", got)
		}
	})
}

func TestTheHeadOfAFileIsItsFirstBytes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.post(annLaptop, storage.Keys, []byte("content"))
		w.post(annLaptop, storage.Keys, nil)
		name := nameOf([]byte("content"))
		head := func(account, name string, limit int64, want string) {
			t.Helper()
			if b, err := w.service.Head(t.Context(), account, storage.Keys, name, limit); err != nil || string(b) != want {
				t.Errorf("%q, %v", b, err)
			}
		}
		head(ann, name, 100, "content")
		head(ann, name, 3, "con")
		head(ann, nameOf(nil), 100, "")
		gone := func(account, name string) {
			t.Helper()
			if b, err := w.service.Head(t.Context(), account, storage.Keys, name, 100); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%q, %v", b, err)
			}
		}
		gone(bob, name)
		gone(ann, nameOf([]byte("other")))
		if err := w.service.Remove(t.Context(), ann, storage.Keys, name, "maintenance"); err != nil {
			t.Fatal(err)
		}
		gone(ann, name)
	})
}
