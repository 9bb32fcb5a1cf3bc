package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"holdfast/engine/storage"
)

// maxFile bounds what a server can make us read as one file, in bytes. The format
// packs files of 16 MiB; the index of a very large repository is larger than that.
const maxFile = 1 << 30

// eager is how much memory a server's word about a size is worth, in bytes.
const eager = 64 << 20

// label names a file for a person who reads logs.
func label(k storage.Kind, name string) string {
	if name == "" {
		return string(k)
	}
	return string(k) + "/" + name
}

// Get reads a file or a range of it, with one request.
func (s *Store) Get(ctx context.Context, k storage.Kind, name string, offset, length int64, buf []byte) ([]byte, error) {
	if err := s.begin(ctx, k, name); err != nil {
		return nil, err
	}
	what := "reading " + label(k, name)
	switch {
	case offset < 0:
		return nil, fmt.Errorf("%s: a negative offset, %d", what, offset)
	case length == 0, length > 0 && offset > math.MaxInt64-length:
		// No range of the protocol says either.
		info, err := s.Stat(ctx, k, name)
		if err != nil {
			return nil, err
		}
		if _, err := storage.Range(info.Size, offset, length); err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		return buf[:0], nil
	case length > maxFile:
		length = maxFile + 1 // no file is so large: its end comes first
	}
	c := call{what: what, method: http.MethodGet, url: s.address(k, name), header: http.Header{}}
	if offset > 0 || length > 0 {
		c.header["Range"] = []string{rangeOf(offset, length)}
	}
	c.take = func(a *answer) error {
		var err error
		buf, err = a.read(offset, length, buf)
		return err
	}
	if err := s.do(ctx, c); err != nil {
		return nil, err
	}
	return buf, nil
}

func rangeOf(offset, length int64) string {
	if length < 0 {
		return fmt.Sprintf("bytes=%d-", offset)
	}
	return fmt.Sprintf("bytes=%d-%d", offset, offset+length-1)
}

// read takes the bytes of an answer, which is a range or, from a server that knows
// none, the whole file. buf is what it was, with room that an earlier try may have
// made.
func (a *answer) read(offset, length int64, buf []byte) ([]byte, error) {
	switch a.StatusCode {
	case http.StatusOK:
		skipped, err := io.CopyN(io.Discard, a.Body, offset)
		switch {
		case err == io.EOF:
			return buf, fmt.Errorf("%d bytes at %d of a file of %d: %w", length, offset, skipped, io.ErrUnexpectedEOF)
		case err != nil:
			return buf, broken(err)
		}
	case http.StatusPartialContent:
		first, _, err := contentRange(a.Header)
		if err != nil {
			return buf, err
		}
		if first != offset {
			return buf, fmt.Errorf("the server sent another range, from %d and not from %d", first, offset)
		}
	case http.StatusRequestedRangeNotSatisfiable:
		if _, size, err := contentRange(a.Header); err == nil && size == offset && length < 0 {
			return buf[:0], nil
		}
		return buf, fmt.Errorf("%d bytes at %d of a shorter file: %w", length, offset, io.ErrUnexpectedEOF)
	default:
		if a.granted() {
			return buf, a.stranger()
		}
		return buf, a.refusal()
	}
	if length < 0 {
		return a.readRest(offset, buf)
	}
	return a.readExactly(length, buf)
}

// readExactly reads length bytes. A body that is complete with fewer is the file's end;
// one that was cut off is trouble on the way, which the HTTP package tells apart.
func (a *answer) readExactly(length int64, buf []byte) ([]byte, error) {
	buf = buf[:0]
	for got := int64(0); got < length; {
		if got == int64(cap(buf)) || got == 0 {
			buf = slices.Grow(buf, int(min(length-got, eager)))
		}
		n, err := a.Body.Read(buf[got:min(length, int64(cap(buf)))])
		got += int64(n)
		buf = buf[:got]
		switch {
		case err == nil || got == length:
		case err == io.EOF:
			return buf[:0], fmt.Errorf("%d of %d bytes: %w", got, length, io.ErrUnexpectedEOF)
		default:
			return buf[:0], broken(err)
		}
	}
	return buf, nil
}

// readRest reads to the end of the file.
func (a *answer) readRest(skipped int64, buf []byte) ([]byte, error) {
	if n := a.ContentLength; n >= 0 {
		if a.StatusCode == http.StatusOK {
			n -= skipped
		}
		if n > maxFile {
			return buf, fmt.Errorf("a file of %d bytes is not one of a repository", n)
		}
		return a.readExactly(n, buf)
	}
	buf = buf[:0]
	for {
		buf = slices.Grow(buf, 32<<10)
		n, err := a.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > maxFile:
			return buf[:0], errors.New("a file without an end is not one of a repository")
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return buf[:0], broken(err)
		}
	}
}

// broken is a body that ended on the way.
func broken(err error) error {
	return &transient{err: fmt.Errorf("%w (%w)", storage.ErrUnreachable, cutOff{err})}
}

// cutOff hides that the transport calls a lost connection io.ErrUnexpectedEOF, which
// of a store means that the file is shorter.
type cutOff struct{ err error }

func (c cutOff) Error() string { return "the answer was cut off: " + c.err.Error() }

// contentRange reads "bytes 5-9/10" and "bytes */10" (RFC 9110, section 14.4). A size
// that is not told is -1, and so is the first byte of the second form.
func contentRange(h http.Header) (first, size int64, err error) {
	value := h.Get("Content-Range")
	wrong := fmt.Errorf("the server sent a range that is none: %.100q", value)
	rest, ok := strings.CutPrefix(value, "bytes ")
	if !ok {
		return 0, 0, wrong
	}
	span, total, ok := strings.Cut(rest, "/")
	if !ok {
		return 0, 0, wrong
	}
	first, size = -1, -1
	if total != "*" {
		if size, err = strconv.ParseInt(total, 10, 64); err != nil || size < 0 {
			return 0, 0, wrong
		}
	}
	if span != "*" {
		from, _, ok := strings.Cut(span, "-")
		if first, err = strconv.ParseInt(from, 10, 64); err != nil || first < 0 || !ok {
			return 0, 0, wrong
		}
	}
	return first, size, nil
}

// Stat asks for the size of a file and when the server received it; a plain server
// tells the time of its file.
func (s *Store) Stat(ctx context.Context, k storage.Kind, name string) (storage.Info, error) {
	if err := s.begin(ctx, k, name); err != nil {
		return storage.Info{}, err
	}
	info := storage.Info{Name: name}
	err := s.do(ctx, call{
		what: "looking at " + label(k, name), method: http.MethodHead, url: s.address(k, name),
		take: func(a *answer) error {
			if err := a.refusal(); err != nil {
				return err
			}
			if a.foreign() || a.ContentLength < 0 {
				return a.stranger()
			}
			info.Size = a.ContentLength
			if at, err := http.ParseTime(a.Header.Get("Last-Modified")); err == nil {
				info.ModTime = at
			}
			return nil
		},
	})
	if err != nil {
		return storage.Info{}, s.why(ctx, err)
	}
	return info, nil
}

// why hears the reason of a refusal whose answer had no body, as those to HEAD have
// none: a computer that was replaced must be told so whatever it asked.
func (s *Store) why(ctx context.Context, err error) error {
	r, ok := errors.AsType[*Refusal](err)
	if !ok || r.Code != "" || !errors.Is(err, storage.ErrDenied) {
		return err
	}
	reason := s.do(ctx, call{
		what: "asking why", method: http.MethodGet, url: s.address(storage.Config, ""),
		header: http.Header{"Range": {"bytes=0-0"}},
		take:   func(a *answer) error { return a.refusal() },
	})
	if r, ok := errors.AsType[*Refusal](reason); ok && r.Code != "" && errors.Is(reason, storage.ErrDenied) {
		return reason
	}
	return err
}
