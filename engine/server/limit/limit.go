// Package limit slows down those who try too often.
//
// Its one idea is a token bucket for each key (an address; an address and a name): a
// few tries at once, then one each so often. Keys are never a name alone, or anybody
// could lock anybody out. It is memory only and bounded: the keys not used for the
// longest time are forgotten first, and theirs are the buckets that are full again.
// Several servers each count for themselves.
package limit

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limiter counts tries. It is safe for use by several goroutines.
type Limiter struct {
	burst int
	every time.Duration
	keys  int
	now   func() time.Time

	mu    sync.Mutex
	byKey map[string]*list.Element
	used  list.List // of *bucket, the last used first
}

type bucket struct {
	key string
	*rate.Limiter
}

// New allows each of at most keys keys burst tries at once and another one each
// every.
func New(burst int, every time.Duration, keys int, now func() time.Time) *Limiter {
	return &Limiter{burst: burst, every: every, keys: max(keys, 1), now: now, byKey: map[string]*list.Element{}}
}

// Allow counts a try, or says how long to wait for the next; a try that is not
// allowed does not count.
func (l *Limiter) Allow(key string) (ok bool, retry time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	r := l.bucket(key).ReserveN(now, 1)
	if !r.OK() { // a burst of 0 allows nothing, ever
		return false, l.every
	}
	if wait := r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return false, wait
	}
	return true, 0
}

func (l *Limiter) bucket(key string) *bucket {
	if e, ok := l.byKey[key]; ok {
		l.used.MoveToFront(e)
		return e.Value.(*bucket)
	}
	if l.used.Len() >= l.keys {
		last := l.used.Back()
		l.used.Remove(last)
		delete(l.byKey, last.Value.(*bucket).key)
	}
	b := &bucket{key, rate.NewLimiter(rate.Every(l.every), l.burst)}
	l.byKey[key] = l.used.PushFront(b)
	return b
}

// Address is the key of where a request comes from: an IPv4 address, or the /64 that
// one subscriber of IPv6 has (RFC 6177).
func Address(a netip.Addr) string {
	a = a.Unmap()
	if a.Is6() {
		if p, err := a.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}
