package store_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/engine/server/store/storetest"
	"holdfast/engine/storage"
)

func TestFiftyParallelUploadsNeverPassTheQuota(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const size, fit = 20_000, 7
		w.setQuota(fit*size + size/2)
		var stored, refused atomic.Int64
		var group sync.WaitGroup
		for i := range 50 {
			group.Go(func() {
				content := storetest.Content(uint64(i), size)
				got := w.do(annLaptop, http.MethodPost, "/storage/data/"+nameOf(content), content)
				switch {
				case got.status == 200:
					stored.Add(1)
				case got.status == 507 && got.code == "quota":
					refused.Add(1)
				default:
					t.Errorf("%d %s", got.status, got.code)
				}
			})
		}
		group.Wait()
		if stored.Load() != fit || refused.Load() != 50-fit {
			t.Errorf("%d stored, %d refused", stored.Load(), refused.Load())
		}
		if u := w.used(ann); u.Used != fit*size || u.Objects != fit {
			t.Errorf("%+v", u)
		}
		all, err := w.service.Files(t.Context(), ann, storage.Packs)
		if err != nil || len(all) != fit {
			t.Errorf("%d files, %v", len(all), err)
		}
		w.post(bobLaptop, storage.Packs, []byte("another account has its own"))
	})
}

func TestAFullAccountCanStillBeReadAndLocked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		path := w.post(annLaptop, storage.Packs, make([]byte, 1000))
		w.setQuota(1000)
		w.do(annLaptop, http.MethodPost, "/storage/index/"+nameOf([]byte("i")), []byte("i")).want(t, "one byte more", 507, "quota")
		w.post(annLaptop, storage.Packs, make([]byte, 1000)) // the same
		lock := w.post(annLaptop, storage.Locks, []byte("lock"))
		w.do(annLaptop, http.MethodGet, path, nil).want(t, "GET", 200, "")
		w.do(annLaptop, http.MethodDelete, lock, nil).want(t, "unlock", 200, "")
		w.setQuota(500) // an administrator gives less than is used
		w.do(annLaptop, http.MethodPost, "/storage/index/"+nameOf([]byte("i")), []byte("i")).want(t, "over the quota", 507, "quota")
	})
}

func TestUploadsOfOneNameAtOnceAreStoredOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.service.WaitForOthers(5 * time.Minute) // how fast the disk is, is not what is tried
		content := storetest.Content(1, 200_000)
		var group sync.WaitGroup
		for range 16 {
			group.Go(func() { w.post(annLaptop, storage.Packs, content) })
		}
		var made atomic.Int64
		for i := range 16 {
			group.Go(func() {
				got := w.do(annLaptop, http.MethodPost, "/storage/config", []byte(fmt.Sprint("config ", i+10)))
				if got.status == 200 {
					made.Add(1)
				} else {
					got.want(t, "config", 403, "exists")
				}
			})
		}
		group.Wait()
		if u := w.used(ann); u.Used != 200_000+9 || u.Objects != 2 || made.Load() != 1 {
			t.Errorf("%+v, %d configs", u, made.Load())
		}
	})
}
