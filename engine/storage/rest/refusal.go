package rest

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"holdfast/engine/storage"
)

// Refusal is what the server decided, in its own words. On the wire it is
//
//	{"error":{"code":"seat_limit","message":"A whole sentence."}}
//
// A server that does not speak so, or an answer without a body, has a Code of "".
type Refusal struct {
	Status  int    // of HTTP
	Code    string // stable, for programs
	Message string // a sentence for a person
}

func (r *Refusal) Error() string {
	text := r.Message
	if text == "" {
		text = strings.ToLower(http.StatusText(r.Status))
	}
	if r.Code != "" {
		return fmt.Sprintf("the server answered %d (%s): %s", r.Status, r.Code, text)
	}
	return fmt.Sprintf("the server answered %d: %s", r.Status, text)
}

const (
	maxProblem = 64 << 10 // bytes of an error's body
	maxMessage = 1000     // bytes of its sentence
	maxCode    = 64
)

// ReadRefusal reads the answer to a request that was not granted. What is not a
// problem in JSON gives a Refusal with the status alone.
func ReadRefusal(resp *http.Response) *Refusal {
	r := &Refusal{Status: resp.StatusCode}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if kind != "application/json" && kind != "application/problem+json" {
		return r
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	if err != nil {
		return r
	}
	var wire struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &wire) == nil && isCode(wire.Error.Code) {
		r.Code, r.Message = wire.Error.Code, printable(wire.Error.Message)
	}
	return r
}

// isCode keeps out what only looks like a problem.
func isCode(s string) bool {
	return s != "" && len(s) <= maxCode && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// printable shortens a foreign sentence and takes from it what could draw on a terminal.
func printable(s string) string {
	if len(s) > maxMessage {
		s = s[:maxMessage]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == '\uFFFD' {
			return ' '
		}
		return r
	}, s)
}

// answer is a response before it is judged.
type answer struct{ *http.Response }

func (a *answer) is(statuses ...int) bool {
	for _, s := range statuses {
		if a.StatusCode == s {
			return true
		}
	}
	return false
}

// foreign says that no storage server answered: a page, or being sent elsewhere.
func (a *answer) foreign() bool {
	kind, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	return kind == "text/html" || a.StatusCode >= 300 && a.StatusCode < 400
}

func (a *answer) stranger() error {
	return &transient{err: fmt.Errorf("%w: something else answers at its address (%d)", storage.ErrUnreachable, a.StatusCode)}
}

func (a *answer) granted() bool { return a.StatusCode >= 200 && a.StatusCode < 300 }

// refusal is nil for an answer that grants, otherwise an error with the sentinel that
// fits; a transient one when it may go away by itself.
func (a *answer) refusal() error {
	switch {
	case a.granted():
		return nil
	case a.foreign():
		return a.stranger()
	}
	r := ReadRefusal(a.Response)
	switch s := a.StatusCode; {
	case s == http.StatusNotFound:
		return fmt.Errorf("%w (%w)", storage.ErrNotFound, r)
	case s == http.StatusPreconditionFailed, r.Code == "exists":
		return fmt.Errorf("%w (%w)", storage.ErrExists, r)
	case s == http.StatusUnauthorized, s == http.StatusForbidden, s == http.StatusProxyAuthRequired:
		return fmt.Errorf("%w (%w)", storage.ErrDenied, r)
	case s == http.StatusInsufficientStorage:
		return fmt.Errorf("%w (%w)", storage.ErrFull, r)
	case s == http.StatusRequestTimeout, s == http.StatusTooManyRequests,
		s == http.StatusConflict && a.Header.Get("Retry-After") != "", // the same file is arriving now
		s >= 500 && s != http.StatusNotImplemented:
		return &transient{
			err: fmt.Errorf("%w (%w)", storage.ErrUnreachable, r), after: retryAfter(a.Header),
			lost: s >= 500, // it may have failed after the deed was done
		}
	}
	return r
}

// retryAfter reads the seconds of RFC 9110, section 10.2.3; a date is not worth it.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(min(n, 3600)) * time.Second
}

// NewRefusal makes one of text that others wrote.
func NewRefusal(status int, code, message string) *Refusal {
	if !isCode(code) {
		code = ""
	}
	return &Refusal{Status: status, Code: code, Message: printable(message)}
}
