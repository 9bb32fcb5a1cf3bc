package audit

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"holdfast/engine/server/database"
)

// ErrBroken says that the log is not what was written.
var ErrBroken = errors.New("the audit log was changed")

// Head is the end of the chain at some moment. Written down elsewhere (on paper, in
// the log of another machine) it proves everything up to it.
type Head struct {
	Number int64  // how many entries there are
	Hash   string // of the last, hex; zeros when there is none
}

// link is the hash of an entry after the one before, the hash of which is given in
// hex:
//
//	SHA-256("holdfast audit 1\n" ‖ before (hex, 64 bytes) ‖ number ‖ at ‖
//	        each of actor, action, target, person, reason, address as length ‖ bytes)
//
// with numbers as 8 bytes, big-endian, and at in milliseconds since 1970.
func link(before string, e Entry) string {
	h := sha256.New()
	h.Write([]byte("holdfast audit 1\n"))
	h.Write([]byte(before))
	number := func(n int64) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(n)))
	}
	number(e.Number)
	number(database.Millis(e.At))
	for _, text := range []string{e.Actor, e.Action, e.Target, e.Person, e.Reason, e.Address} {
		number(int64(len(text)))
		h.Write([]byte(text))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Head gives the end of the chain, to be written down where whoever can change the
// database cannot.
func (l *Log) Head(ctx context.Context) (Head, error) {
	var h Head
	err := l.db.QueryRowContext(ctx, "SELECT number, hash FROM audit_head WHERE one = 1").Scan(&h.Number, &h.Hash)
	if err != nil {
		return Head{}, fmt.Errorf("read the end of the audit log: %w", err)
	}
	return h, nil
}

// Verify computes the whole chain again and compares it with the rows, with its end,
// and with heads that were noted earlier. What does not fit is ErrBroken and names
// the first entry. Entries may be added meanwhile. The rows are not held: a log of any
// length is verified in the same memory.
func (l *Log) Verify(ctx context.Context, noted ...Head) error {
	first, err := l.Head(ctx)
	if err != nil {
		return err
	}
	must := map[int64]string{}
	for _, h := range append(noted, first) {
		if other, ok := must[h.Number]; ok && other != h.Hash {
			return fmt.Errorf("%w: entry %d is not the one that was noted", ErrBroken, h.Number)
		}
		must[h.Number] = h.Hash
	}
	end, err := l.walk(ctx, must)
	if err != nil {
		return err
	}
	for number := range must {
		if number > end.Number {
			return fmt.Errorf("%w: it ends at entry %d, but had %d", ErrBroken, end.Number, number)
		}
	}
	last, err := l.Head(ctx) // after the rows: not before any that were seen
	if err != nil {
		return err
	}
	if end.Number > last.Number {
		return fmt.Errorf("%w: entry %d was added past its end", ErrBroken, last.Number+1)
	}
	return nil
}

// walk goes through the rows of one moment and returns the end it came to.
func (l *Log) walk(ctx context.Context, must map[int64]string) (Head, error) {
	end := Head{Hash: hex.EncodeToString(make([]byte, sha256.Size))}
	if want, ok := must[0]; ok && want != end.Hash {
		return end, fmt.Errorf("%w: its beginning is another", ErrBroken)
	}
	err := l.Each(ctx, Query{}, func(e Entry) error {
		switch want, ok := must[e.Number]; {
		case e.Number != end.Number+1:
			return fmt.Errorf("%w: after entry %d comes %d", ErrBroken, end.Number, e.Number)
		case link(end.Hash, e) != e.Hash:
			return fmt.Errorf("%w: entry %d does not fit", ErrBroken, e.Number)
		case ok && want != e.Hash:
			return fmt.Errorf("%w: entry %d is not the one that was noted", ErrBroken, e.Number)
		}
		end = Head{e.Number, e.Hash}
		return nil
	})
	return end, err
}
