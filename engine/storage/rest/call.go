package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"holdfast/engine/storage"
)

// call is one request, made again while what is wrong may go away.
type call struct {
	what   string // "storing data/0a1b…", for errors
	method string
	url    string
	header http.Header
	data   []byte // of an upload
	upload bool
	lost   *bool // set when a try may have been carried out without our hearing of it
	// take judges the answer and reads its body. An error of reading is transient.
	take func(*answer) error
}

// transient is trouble that may go away by itself.
type transient struct {
	err   error
	after time.Duration // not sooner, the server says
	lost  bool          // the request may have been carried out all the same
}

func (t *transient) Error() string { return t.err.Error() }
func (t *transient) Unwrap() error { return t.err }

const (
	firstPause = 200 * time.Millisecond
	longPause  = 4 * time.Second
)

// do makes the call until it is answered, refused, or trouble has lasted too long.
func (s *Store) do(ctx context.Context, c call) error {
	began, pause := time.Now(), firstPause
	for {
		err := s.once(ctx, c)
		if ended := ctx.Err(); ended != nil && err != nil {
			return fmt.Errorf("%s: %w", c.what, ended)
		}
		t, ok := errors.AsType[*transient](err)
		if !ok {
			return wrap(c.what, err)
		}
		if t.lost && c.lost != nil {
			*c.lost = true
		}
		wait := max(t.after, pause/2+rand.N(pause/2+1))
		if time.Since(began)+wait > s.retry {
			return wrap(c.what, t.err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", c.what, ctx.Err())
		case <-time.After(wait):
		}
		pause = min(2*pause, longPause)
	}
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// once makes the request once. When it returns nothing reads c.data any more.
func (s *Store) once(ctx context.Context, c call) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, c.method, c.url, nil)
	if err != nil {
		return err
	}
	for name, values := range c.header {
		req.Header[name] = values
	}
	if s.user != "" || s.password != "" {
		req.SetBasicAuth(s.user, s.password)
	}
	req.Header.Set("User-Agent", "holdfast")
	// The size of a file and the place of a range are those of its own bytes.
	req.Header.Set("Accept-Encoding", "identity")
	if c.upload {
		var lent lending
		lent.lendTo(req, c.data)
		// The transport may still be sending when it has the answer.
		defer lent.wait()
		defer cancel()
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return noAnswer(err)
	}
	defer drain(resp.Body)
	return c.take(&answer{resp})
}

// stranger is what a transport's own check of who answers may say.
type stranger interface {
	error
	Stranger() bool
}

// noAnswer tells trouble on the way from a server that is not the one we know: asking
// that again does not help.
func noAnswer(err error) error {
	unreachable := fmt.Errorf("%w (%w)", storage.ErrUnreachable, err)
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return unreachable
	}
	if s, ok := errors.AsType[stranger](err); ok && s.Stranger() {
		return unreachable
	}
	return &transient{err: unreachable, lost: true}
}

// drain reads the little that is left, so that the connection can be used again.
func drain(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, maxProblem)
	_ = body.Close()
}
