package access

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"holdfast/engine/server/database"
)

// Problem is an answer that is an error: JSON {"error":{"code":…,"message":…}}, or a
// page. Codes are stable, messages are whole sentences for people.
type Problem struct {
	Status     int
	Code       string
	Message    string
	Err        error         // for the log only
	RetryAfter time.Duration // 0: not told
}

func (p Problem) Error() string {
	if p.Err != nil {
		return p.Code + ": " + p.Err.Error()
	}
	return p.Code + ": " + p.Message
}

func (p Problem) Unwrap() error { return p.Err }

// statusGone is what the log says of a client that did not wait for the answer.
const statusGone = 499

// problemOf is what an error of a route is told as.
func problemOf(ctx context.Context, err error, id string) Problem {
	if p, ok := errors.AsType[*Problem](err); ok && p != nil {
		return *p
	}
	if p, ok := errors.AsType[Problem](err); ok {
		return p
	}
	if e, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge(e.Limit, err)
	}
	switch {
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return Problem{Status: statusGone, Code: "internal", Message: "The request was given up.", Err: err}
	case database.IsFull(err), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return Problem{Status: http.StatusInsufficientStorage, Code: "full", Message: "The server's disk is full. What is stored can still be read; the administrators have to make room.", Err: err}
	case database.IsAway(err):
		return Problem{Status: http.StatusServiceUnavailable, Code: "internal", RetryAfter: awayRetry, Err: err,
			Message: "The server cannot reach its database just now, so nothing can be stored or got back for the moment. What is stored is safe, and backup goes on by itself once the database is back. If it stays, tell your administrators."}
	}
	return internal(err, id)
}

// awayRetry is when to ask again for what needs a service that does not answer.
const awayRetry = 2 * time.Second

func internal(err error, id string) Problem {
	return Problem{Status: http.StatusInternalServerError, Code: "internal", Err: err,
		Message: "Something went wrong on the server. Nothing you have stored is lost; try again in a moment. If it stays, tell the administrators this number: " + id + "."}
}

func tooLarge(limit int64, err error) Problem {
	return Problem{Status: http.StatusRequestEntityTooLarge, Code: "bad_request", Message: fmt.Sprintf("This is more than the %d bytes that the server takes here.", limit), Err: err}
}

func notFound() Problem {
	return Problem{Status: http.StatusNotFound, Code: "not_found", Message: "There is nothing at this address."}
}

func badPath() Problem {
	return Problem{Status: http.StatusBadRequest, Code: "bad_request", Message: "This address is not written the way the server's addresses are."}
}

// WriteProblem answers with a problem as JSON.
func WriteProblem(w http.ResponseWriter, r *http.Request, p Problem) {
	status := p.Status
	if status < 400 || status > 599 {
		status = http.StatusInternalServerError
	}
	body, err := json.Marshal(map[string]any{"error": map[string]string{"code": p.Code, "message": p.Message}})
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"error":{"code":"internal","message":"The server could not say what is wrong."}}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

// retryAfter is for the header of the name: whole seconds, at least one.
func retryAfter(d time.Duration) string {
	return strconv.Itoa(int(max(1, math.Ceil(d.Seconds()))))
}
