package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"time"
)

// errHash is content that is not what its name says, errBroken a client that went.
var (
	errHash   = errors.New("the content's SHA-256 is not the name of the file")
	errBroken = errors.New("the upload broke off")
)

// content hashes what a client sends while it is read, and withholds the last bytes
// until it is known that they are right. So wherever it is written to, there is never
// a complete file of a wrong name.
type content struct {
	from io.Reader
	left int64  // bytes still to come
	want string // SHA-256 in hexadecimal, "" for any
	sum  hash.Hash
	err  error // what ended it, io.EOF when everything was right
}

func newContent(from io.Reader, size int64, want string) *content {
	return &content{from: from, left: size, want: want, sum: sha256.New()}
}

func (c *content) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	if c.left == 0 { // of a file without content
		c.err = c.check()
		return 0, c.err
	}
	n, err := c.from.Read(p[:min(int64(len(p)), c.left)])
	c.sum.Write(p[:n])
	c.left -= int64(n)
	switch {
	case c.left == 0:
		if c.err = c.check(); c.err != io.EOF {
			return 0, c.err
		}
		return n, io.EOF
	case err == io.EOF:
		c.err = fmt.Errorf("%w: %w", errBroken, io.ErrUnexpectedEOF)
	case err != nil:
		c.err = fmt.Errorf("%w: %w", errBroken, err)
	}
	return n, c.err
}

func (c *content) check() error {
	if c.want != "" && hex.EncodeToString(c.sum.Sum(nil)) != c.want {
		return errHash
	}
	return io.EOF
}

// rest reads what was not read yet and says whether everything was right.
func (c *content) rest() error {
	if c.err == nil {
		if _, err := io.Copy(io.Discard, c); err != nil {
			return err
		}
	}
	if c.err == io.EOF {
		return nil
	}
	return c.err
}

const (
	patience = 45 * time.Second // without any progress
	slowest  = 2 << 10          // bytes a second over the whole of a file
)

// patient reads a request's body, and gives up on a client from which nothing comes
// or far too little, so that it does not keep a place and a share of the quota.
type patient struct {
	from    io.Reader
	control *http.ResponseController
	end     time.Time // for the whole
	renewed time.Time
}

func newPatient(w http.ResponseWriter, r *http.Request) *patient {
	allowed := patience + time.Duration(r.ContentLength/slowest)*time.Second
	return &patient{from: r.Body, control: http.NewResponseController(w), end: time.Now().Add(allowed)}
}

func (p *patient) Read(b []byte) (int, error) {
	if now := time.Now(); now.Sub(p.renewed) > patience/16 {
		p.renewed = now
		deadline := now.Add(patience)
		if p.end.Before(deadline) {
			deadline = p.end
		}
		p.control.SetReadDeadline(deadline) // not every writer can, and then the server's own bounds hold
	}
	return p.from.Read(b)
}

// stop lifts the bound, so that it does not end the connection later.
func (p *patient) stop() { p.control.SetReadDeadline(time.Time{}) }
