package store

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/storage"
)

// get answers GET and HEAD of a file. Only the row is asked whether it is there;
// nothing is written, so it works on a full disk.
func (s *Service) get(k storage.Kind) func(http.ResponseWriter, *http.Request, access.Caller) error {
	return func(w http.ResponseWriter, r *http.Request, c access.Caller) error {
		f, err := target(r, c, k)
		if err != nil {
			return err
		}
		there, err := s.stat(r.Context(), f)
		if err != nil {
			return s.explain(err)
		}
		h := w.Header()
		h.Set("Content-Type", "application/octet-stream")
		h.Set("Accept-Ranges", "bytes")
		h.Set("Last-Modified", there.received.Format(http.TimeFormat))
		tag := ""
		if f.name != "" {
			tag = `"` + f.name + `"`
			h.Set("Etag", tag)
		}
		part, ok := byteRange{0, there.size}, true
		if header := r.Header.Get("Range"); header != "" && (r.Header.Get("If-Range") == "" || r.Header.Get("If-Range") == tag) {
			part, ok = parseRange(header, there.size)
		}
		if !ok {
			h.Set("Content-Range", "bytes */"+strconv.FormatInt(there.size, 10))
			// Answered here, because the error of a route takes the headers of its file away.
			access.WriteProblem(w, r, access.Problem{Status: http.StatusRequestedRangeNotSatisfiable, Code: "bad_request", Message: "The file does not reach that far."})
			return nil
		}
		return s.send(w, r, f, there.size, part)
	}
}

// send writes a part of a file, or for HEAD says how large it is.
func (s *Service) send(w http.ResponseWriter, r *http.Request, f file, size int64, part byteRange) error {
	var from io.ReadCloser
	if r.Method != http.MethodHead {
		var err error
		if from, err = s.bytes.Open(r.Context(), f.key(), part.from, part.length); errors.Is(err, ErrAway) {
			return s.explain(err)
		} else if err != nil {
			// The row says that it is there: this is not the "not found" of a client.
			return fmt.Errorf("the bytes of a stored file cannot be opened: %v", err)
		}
		defer from.Close()
	}
	h := w.Header()
	h.Set("Content-Length", strconv.FormatInt(part.length, 10))
	status := http.StatusOK
	if part.length != size {
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", part.from, part.from+part.length-1, size))
		status = http.StatusPartialContent
	}
	w.WriteHeader(status)
	if from == nil {
		return nil
	}
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	to := newPatientWriter(w)
	defer to.stop()
	n, err := io.CopyBuffer(to, struct{ io.Reader }{io.LimitReader(from, part.length)}, *buffer)
	if err == nil && n != part.length {
		err = io.ErrUnexpectedEOF // the client sees a body shorter than it was told
	}
	if err != nil {
		return fmt.Errorf("a download broke off after %d of %d bytes: %w", n, part.length, err)
	}
	return nil
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// patientWriter gives up on a client that takes nothing any more.
type patientWriter struct {
	to      http.ResponseWriter
	control *http.ResponseController
	renewed time.Time
}

func newPatientWriter(w http.ResponseWriter) *patientWriter {
	return &patientWriter{to: w, control: http.NewResponseController(w)}
}

func (p *patientWriter) Write(b []byte) (int, error) {
	if now := time.Now(); now.Sub(p.renewed) > patience/16 {
		p.renewed = now
		p.control.SetWriteDeadline(now.Add(patience)) // not every writer can, and then the server's own bounds hold
	}
	return p.to.Write(b)
}

// stop lifts the bound.
func (p *patientWriter) stop() { p.control.SetWriteDeadline(time.Time{}) }

// byteRange is a part of a file, in bytes.
type byteRange struct{ from, length int64 }

// parseRange reads a Range header with one range (RFC 9110, section 14.2). What it
// cannot read, and several ranges, stand for the whole file, as the RFC allows. It is
// false when the file does not reach that far.
func parseRange(header string, size int64) (byteRange, bool) {
	whole := byteRange{0, size}
	spec, ok := strings.CutPrefix(header, "bytes=")
	first, last, dash := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok || !dash {
		return whole, true
	}
	if first == "" { // the last so many bytes
		n, ok := number(last)
		switch {
		case !ok:
			return whole, true
		case n == 0 || size == 0:
			return byteRange{}, false
		}
		n = min(n, size)
		return byteRange{size - n, n}, true
	}
	from, ok := number(first)
	if !ok {
		return whole, true
	}
	to := size - 1
	if last != "" {
		n, ok := number(last)
		if !ok || n < from {
			return whole, true
		}
		to = min(n, to)
	}
	if from >= size {
		return byteRange{}, false
	}
	return byteRange{from, to - from + 1}, true
}

// number reads decimal digits and nothing else.
func number(text string) (int64, bool) {
	if text == "" || len(text) > 18 || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}
