// Package operations is how those who run the account server see that it runs: figures
// for Prometheus, whether it is alive and ready, and a log that keeps secrets to
// itself.
//
// Its one idea is that what is told to operators is of the server and not of the
// people: figures are counted by the pattern of a route, never by a path, a person or
// a computer, so their number is bounded and they give nobody away; and the log takes
// out whatever looks like one of the server's secrets, in case a message carries one.
// That is a second line: no message should hold one.
//
// Figures belong on a listener of their own, which is for the wiring to see to.
package operations

import (
	"context"
	"net/http"
	"time"

	"holdfast/engine/server/access"
)

// readyWithin bounds how long the question for readiness may take.
const readyWithin = 10 * time.Second

// Health are the two routes that a supervisor asks: whether the process answers, and
// whether it can take uploads. The reason why not is for the log only.
func Health(ready func(context.Context) error) []access.Route {
	return []access.Route{
		{Method: http.MethodGet, Pattern: "/healthz", Need: access.Anyone, Doc: "Whether the server answers at all.", Handle: alive},
		{Method: http.MethodGet, Pattern: "/readyz", Need: access.Anyone, Doc: "Whether the database answers and files can be stored.",
			Handle: func(w http.ResponseWriter, r *http.Request, c access.Caller) error {
				ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
				defer cancel()
				if err := ready(ctx); err != nil {
					access.WriteProblem(w, r, access.Problem{Status: http.StatusServiceUnavailable, Code: "internal",
						Message: "The server cannot take uploads now: its database or its storage does not answer or cannot be written. What is stored is kept."})
					return nil
				}
				return alive(w, r, c)
			}},
	}
}

func alive(w http.ResponseWriter, _ *http.Request, _ access.Caller) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, err := w.Write([]byte("ok\n"))
	return err
}
