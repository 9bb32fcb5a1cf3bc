package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"holdfast/engine/storage"
)

// Put uploads a file. One that was already there is storage.ErrExists, unless it is
// there because an earlier try of this very call arrived.
func (s *Store) Put(ctx context.Context, k storage.Kind, name string, data []byte) error {
	if err := s.begin(ctx, k, name); err != nil {
		return err
	}
	if k == storage.Config {
		if err := s.create(ctx); err != nil {
			return err
		}
	}
	var lost bool // an earlier try may have arrived
	c := call{
		what: "storing " + label(k, name), method: http.MethodPost, url: s.address(k, name),
		header: http.Header{"Content-Type": {"application/octet-stream"}, "If-None-Match": {"*"}},
		data:   data, upload: true, lost: &lost,
		take: func(a *answer) error {
			if a.granted() && a.foreign() {
				return a.stranger()
			}
			return a.refusal()
		},
	}
	if s.refused.Load() && len(data) > maxProblem {
		// It costs a way there and back, and saves sending what is refused once more.
		c.header["Expect"] = []string{"100-continue"}
	}
	err := s.do(ctx, c)
	s.refused.Store(errors.Is(err, storage.ErrDenied) || errors.Is(err, storage.ErrFull))
	if r, ok := errors.AsType[*Refusal](err); ok && r.Status == http.StatusForbidden && r.Code == "" && s.there(ctx, k, name) {
		// A plain rest-server has no other word for a name that is taken.
		err = fmt.Errorf("storing %s: %w", label(k, name), storage.ErrExists)
	}
	if lost && errors.Is(err, storage.ErrExists) && s.ours(ctx, k, name, data) {
		return nil
	}
	return err
}

// create makes the folders of a repository on a plain rest-server; the account server
// says yes to it.
func (s *Store) create(ctx context.Context) error {
	return s.do(ctx, call{
		what: "making the repository", method: http.MethodPost, url: s.address("", "") + "?create=true",
		take: func(a *answer) error { return a.refusal() },
	})
}

// there looks whether a refused name is taken.
func (s *Store) there(ctx context.Context, k storage.Kind, name string) bool {
	_, err := s.Stat(ctx, k, name)
	return err == nil
}

// ours says whether what lies there is what a lost try sent. A name that is a hash
// says so itself, and its size that it is whole.
func (s *Store) ours(ctx context.Context, k storage.Kind, name string, data []byte) bool {
	if k != storage.Config {
		info, err := s.Stat(ctx, k, name)
		return err == nil && info.Size == int64(len(data))
	}
	there, err := s.Get(ctx, k, name, 0, -1, nil)
	return err == nil && bytes.Equal(there, data)
}

// lending counts the readers of an upload's bytes, so that they are the caller's again
// when Put returns.
type lending struct{ out sync.WaitGroup }

// lendTo makes data the body of a request without copying it.
func (l *lending) lendTo(req *http.Request, data []byte) {
	req.ContentLength = int64(len(data))
	if len(data) == 0 {
		req.Body = http.NoBody
		return
	}
	req.GetBody = func() (io.ReadCloser, error) {
		l.out.Add(1)
		return &lent{data: data, back: l.out.Done}, nil
	}
	req.Body, _ = req.GetBody()
}

func (l *lending) wait() { l.out.Wait() }

// lent is one reader of the bytes. The transport closes each that it was given, and
// may do so while another of its goroutines is still reading.
type lent struct {
	mu   sync.Mutex
	data []byte
	back func() // nil after Close
}

func (l *lent) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.back == nil {
		return 0, http.ErrBodyReadAfterClose
	}
	if len(l.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p, l.data)
	l.data = l.data[n:]
	return n, nil
}

func (l *lent) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.back != nil {
		l.back()
		l.back, l.data = nil, nil
	}
	return nil
}
