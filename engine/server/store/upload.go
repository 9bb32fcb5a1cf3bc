package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/server/database"
	"holdfast/engine/storage"
)

// put answers POST of a file.
func (s *Service) put(k storage.Kind) func(http.ResponseWriter, *http.Request, access.Caller) error {
	return func(w http.ResponseWriter, r *http.Request, c access.Caller) error {
		body := newPatient(w, r)
		defer body.stop()
		err := s.upload(r, c, k, body)
		if err == nil {
			w.WriteHeader(http.StatusOK)
			return nil
		}
		swallow(r, body)
		return s.explain(err)
	}
}

// swallow reads what is left of the body of a refused upload, within bounds, because
// a client that is still writing when the connection closes does not get to see the
// answer. One that waits for "100 Continue" has not sent any.
func swallow(r *http.Request, body io.Reader) {
	if strings.EqualFold(r.Header.Get("Expect"), "100-continue") || r.ContentLength > most(storage.Packs) {
		return
	}
	io.Copy(io.Discard, body)
}

func (s *Service) upload(r *http.Request, c access.Caller, k storage.Kind, body io.Reader) error {
	f, err := target(r, c, k)
	if err != nil {
		return err
	}
	size := r.ContentLength
	switch {
	case size < 0:
		return access.Problem{Status: http.StatusLengthRequired, Code: "bad_request", Message: "An upload has to say its Content-Length."}
	case size > most(k):
		return access.Problem{Status: http.StatusRequestEntityTooLarge, Code: "bad_request",
			Message: fmt.Sprintf("A file of %s may be %d bytes long at most. It was not stored.", k, most(k))}
	}
	if k != storage.Locks {
		if err := s.o.MayUpload(r.Context(), c); err != nil {
			return err
		}
	}
	quota, err := s.room(r.Context(), c)
	if err != nil {
		return err
	}
	return s.receive(r.Context(), incoming{f, newContent(body, size, f.name), size, quota, c, r.Header.Get("If-None-Match") == "*"})
}

// spare is what small quotas need besides: freeing begins with a new list of all parts.
const spare = 16 << 20 // bytes

// room is the quota by which an upload is held. While a removal is open there is a
// quarter more: freeing space begins with writing anew what stays, and an account that
// is full has to be able to.
func (s *Service) room(ctx context.Context, c access.Caller) (int64, error) {
	quota, err := s.o.Quota(ctx, c.Person.ID)
	if err != nil || quota <= 0 {
		return quota, err
	}
	open, err := removals(ctx, s.db, "WHERE account = $1 AND computer = $2 AND state = 'open' AND expires > $3", c.Person.ID, c.Computer.ID, database.Millis(s.now()))
	if err == nil && len(open) > 0 {
		quota += quota/4 + spare
	}
	return quota, err
}

// incoming is an upload under way.
type incoming struct {
	file
	content *content
	size    int64 // bytes
	quota   int64 // bytes
	caller  access.Caller
	only    bool // the client wants to hear when it is there already
}

func (s *Service) receive(ctx context.Context, in incoming) error {
	if in.size == 0 { // nobody would read it to find out
		if err := in.content.rest(); err != nil {
			return err
		}
	}
	work := s.begin()
	defer s.end(work)
	there, err := s.place(ctx, in, work)
	switch {
	case err != nil:
		return err
	case there == nil:
		return s.write(ctx, in, work)
	case there.state == held:
		return s.revive(ctx, in, *there)
	case in.only:
		return access.Problem{Status: http.StatusPreconditionFailed, Code: "exists", Message: "The file is stored already. Nothing was changed."}
	case in.kind == storage.Config:
		return ErrExists
	}
	return in.content.rest() // the same is there: that the client has it is all there is to see
}

// place reserves the place of an upload, and waits a while when another one of the
// same name is under way, which mostly means that it will be there.
func (s *Service) place(ctx context.Context, in incoming, work string) (*row, error) {
	pause := 20 * time.Millisecond
	for until := time.Now().Add(s.patience); ; {
		there, err := s.reserve(ctx, in.file, in.size, in.quota, in.caller.Computer.ID, work)
		if err != nil || there == nil || there.state == stored || there.state == held {
			return there, err
		}
		left, err := s.left(ctx, *there)
		if err == nil && left {
			err = s.mend(ctx, in.file, *there)
		}
		if err != nil {
			return nil, err
		}
		if left {
			continue
		}
		if time.Now().After(until) {
			return nil, errLost
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, 500*time.Millisecond)
	}
}

// write streams the bytes of an upload that has its place, and ends it one way or the
// other even when the client has gone.
func (s *Service) write(ctx context.Context, in incoming, work string) error {
	stop := s.alive(ctx, in.file, work)
	err := s.bytes.Create(ctx, in.key(), in.content, in.size)
	stop()
	if wrong := in.content.err; err != nil && wrong != nil && wrong != io.EOF {
		err = wrong // however the place of the bytes wrapped it
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if errors.Is(err, ErrExists) {
		err = s.adopt(ending, in, work)
	}
	if err != nil {
		if undone := s.undo(ending, in.file, in.size, work); undone != nil {
			s.o.Log.Error("an upload that failed could not be undone; the next start does it", "error", undone)
		}
		return err
	}
	at := s.now()
	if err := s.finish(ending, in.file, work, at); err != nil {
		return err
	}
	if in.kind == storage.Snapshots {
		s.o.Stored(ending, in.caller, in.kind, in.name, at)
	}
	return nil
}

// adopt takes bytes that lie there without a row, left by a database that was set
// back or a server that lost its upload to another. What the name says is in them,
// the config apart, which is kept and shown as it is.
func (s *Service) adopt(ctx context.Context, in incoming, work string) error {
	info, err := s.bytes.Stat(ctx, in.key())
	if err != nil {
		return err
	}
	if in.kind == storage.Config {
		if err := s.resize(ctx, in.file, in.size, info.Size, work); err != nil {
			return err
		}
		if err := s.finish(ctx, in.file, work, s.now()); err != nil {
			return err
		}
		return ErrExists
	}
	if err := in.content.rest(); err != nil {
		return err
	}
	if info.Size != in.size {
		return fmt.Errorf("%s is there with %d bytes in place of %d", in.key(), info.Size, in.size)
	}
	return nil
}

// revive answers an upload of what is in the hold: the bytes are there.
func (s *Service) revive(ctx context.Context, in incoming, there row) error {
	if in.kind == storage.Config {
		return ErrExists
	}
	if err := in.content.rest(); err != nil {
		return err
	}
	if there.size != in.size {
		return fmt.Errorf("%s is held with %d bytes in place of %d", in.key(), there.size, in.size)
	}
	return s.readmit(ctx, in)
}
