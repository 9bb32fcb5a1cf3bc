// Package operations is how those who run the account server see that it runs: figures
// for Prometheus, whether it is alive and ready, and a log that keeps secrets to
// itself.
//
// Its one idea is that what is told to operators is of the server and not of the
// people: figures are counted by the pattern of a route, never by a path, a person or
// a computer, so their number is bounded and they give nobody away; and the log takes
// out whatever looks like one of the server's secrets, in case a message carries one.
// That is a second line: no message should hold one, and a secret that looks like
// nothing in particular and has no telling name beside it is not found.
//
// Figures belong on a listener of their own, which is for the wiring to see to.
package operations

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/singleflight"

	"holdfast/engine/server/access"
)

// readyWithin bounds how long the question for readiness may take.
const readyWithin = 10 * time.Second

// Health are the two routes that a supervisor asks: whether the process answers, and
// whether it can take uploads. The reason why not is for the log only. Anyone may ask,
// so however many do at once, ready is asked once at a time; an answer is never older
// than the question it was given to.
func Health(ready func(context.Context) error) []access.Route {
	q := &question{ready: ready, within: readyWithin}
	return []access.Route{
		{Method: http.MethodGet, Pattern: "/healthz", Need: access.Anyone, Doc: "Whether the server answers at all.", Handle: alive},
		{Method: http.MethodGet, Pattern: "/readyz", Need: access.Anyone, Doc: "Whether the database answers and files can be stored.", Handle: q.answer},
	}
}

func alive(w http.ResponseWriter, _ *http.Request, _ access.Caller) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, err := w.Write([]byte("ok\n"))
	return err
}

// question is whether the server is ready, and who waits for the answer.
type question struct {
	ready  func(context.Context) error
	within time.Duration
	asking singleflight.Group
}

func (q *question) answer(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	if err := q.ask(r.Context()); err != nil {
		w.Header().Set("Cache-Control", "no-store")
		return access.Problem{Status: http.StatusServiceUnavailable, Code: "internal", Err: err,
			Message: "The server cannot take uploads now: its database or its storage does not answer or cannot be written. What is stored is kept."}
	}
	return alive(w, r, c)
}

// ask gives up in time even if what is asked does not, as a disk that hangs does; then
// the one question that hangs is waited for and no other joins it.
func (q *question) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, q.within)
	defer cancel()
	select {
	case answer := <-q.asking.DoChan("", func() (any, error) { return nil, q.put(context.WithoutCancel(ctx)) }):
		return answer.Err
	case <-ctx.Done():
		return fmt.Errorf("readiness was not known within %v: %w", q.within, ctx.Err())
	}
}

// put asks for all who wait, whoever of them gives up.
func (q *question) put(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, q.within)
	defer cancel()
	defer func() {
		if recover() != nil {
			err = errors.New("the question for readiness panicked")
		}
	}()
	return q.ready(ctx)
}
