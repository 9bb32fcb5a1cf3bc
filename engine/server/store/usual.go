package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"holdfast/engine/server/database"
	"holdfast/engine/storage"
)

// Usual are amounts below which no removal is far outside the usual.
type Usual struct {
	Bytes  int64 // of packs
	Months int64 // without any version left, added up over the computers
}

// What is far outside the usual. Counting snapshots would not tell it: a computer that
// backed up every quarter of an hour for months and is thinned for the first time
// rightly loses nine tenths of them. So a removal is stopped when it would take
//
//   - the newest snapshot of a computer, with no other in its place: thinning never
//     does;
//   - the last snapshot of a month, of a computer, for more than half of the months of
//     which there was one: thinning keeps one a month, or drops the oldest by and by;
//   - more than half of the bytes of the packs, what was stored meanwhile set off;
//   - three quarters of the bytes in packs that are not small, whatever was stored
//     meanwhile: small ones are put together anew all the time, large ones when half of
//     them is waste.
//
// All removals of the account in a week count as one, or several, one after another or
// at once, would do what one may not. Those that an administrator has allowed, and those
// that were brought back, do not.
const (
	lookBack  = 7 * 24 * time.Hour
	smallPack = 2 << 20 // bytes
)

// errSuperseded is a snapshot in whose place nothing is.
var errSuperseded = errors.New("the snapshot that takes its place is not stored")

// unusualError stops a removal.
type unusualError struct{ why string }

func (e *unusualError) Error() string { return "far outside the usual: " + e.why }

// taken is what went under the removals of an account in the last week.
type taken struct {
	bytes  int64 // of packs
	full   int64 // of those that are not small
	months int64
	first  int64 // when the first of these removals was opened
}

func (s *Service) takenOf(ctx context.Context, tx *sql.Tx, account string) (t taken, err error) {
	err = tx.QueryRowContext(ctx, `SELECT COALESCE(SUM(bytes), 0), COALESCE(SUM(full_bytes), 0), COALESCE(SUM(months), 0), COALESCE(MIN(opened), 0)
		FROM removal WHERE account = $1 AND opened > $2 AND allowed = 0 AND undone = 0`,
		account, database.Millis(s.now().Add(-lookBack))).Scan(&t.bytes, &t.full, &t.months, &t.first)
	return t, err
}

// base is what there was before those removals, and what a removal is held against.
type base struct {
	bytes  int64 // of packs
	months int64
	may    int64 // bytes that may be taken before somebody has to look how many there are
}

func (s *Service) baseOf(ctx context.Context, tx *sql.Tx, account string) (base, error) {
	var b base
	t, err := s.takenOf(ctx, tx, account)
	if err != nil {
		return b, err
	}
	now, err := packBytes(ctx, tx, account, 0)
	if err != nil {
		return b, err
	}
	b.bytes = now
	if t.bytes > 0 {
		since, err := packBytes(ctx, tx, account, t.first)
		if err != nil {
			return b, err
		}
		b.bytes = max(now, now+t.bytes-since)
	}
	b.may = t.bytes + s.mayGo(b.bytes, now)
	months, err := monthsOf(ctx, tx, account)
	b.months = t.months + months
	return b, err
}

// packBytes are the bytes of the stored packs that were received after a moment.
func packBytes(ctx context.Context, q database.Querier, account string, since int64) (n int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT COALESCE(SUM(size), 0) FROM object
		WHERE account = $1 AND kind = $2 AND state = 'stored' AND received > $3`, account, string(storage.Packs), since).Scan(&n)
	return n, err
}

// monthsOf counts the months of which there is a snapshot, of each computer.
func monthsOf(ctx context.Context, q database.Querier, account string) (int64, error) {
	rows, err := q.QueryContext(ctx, "SELECT computer, received FROM object WHERE account = $1 AND kind = $2 AND state = 'stored'", account, string(storage.Snapshots))
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	type month struct {
		computer string
		first    int64
	}
	there := map[month]bool{}
	for rows.Next() {
		var computer string
		var received int64
		if err := rows.Scan(&computer, &received); err != nil {
			return 0, err
		}
		first, _ := monthOf(database.Moment(received))
		there[month{computer, first}] = true
	}
	return int64(len(there)), rows.Err()
}

// monthOf are the bounds of the month of a moment, in UTC.
func monthOf(at time.Time) (first, next int64) {
	y, m, _ := at.UTC().Date()
	return database.Millis(time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)), database.Millis(time.Date(y, m+1, 1, 0, 0, 0, 0, time.UTC))
}

// mayGo is how many more bytes may go, of which there were base and are now, before
// somebody has to look anew how many there are.
func (s *Service) mayGo(base, now int64) int64 { return max(s.o.Usual.Bytes, base/2) - (base - now) }

// removeIn puts a file into the hold under an open removal. A snapshot in whose place
// another has come hands its time of receipt on. What is far outside the usual freezes
// the removal.
func (s *Service) removeIn(ctx context.Context, id string, f file, superseded string) error {
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		r, err := removal(ctx, tx, id)
		if err != nil {
			return err
		}
		if superseded != "" {
			if err := succeed(ctx, tx, f, superseded, r.Computer); err != nil {
				return err
			}
		}
		gone, err := s.holdBack(ctx, tx, f, r.Account, id)
		if err != nil {
			return err
		}
		months, newest, err := lastOf(ctx, tx, f, gone)
		if err != nil {
			return err
		}
		if err := s.countRemoved(ctx, tx, id, f, gone.size, months); err != nil {
			return err
		}
		if r.Allowed {
			return nil
		}
		if newest {
			return &unusualError{"the newest backup of a computer would go"}
		}
		return s.judge(ctx, tx, id, f.account)
	})
	if unusual, ok := errors.AsType[*unusualError](err); ok {
		return s.freeze(ctx, id, unusual.why)
	}
	return err
}

// succeed gives the snapshot that the same computer stored in place of another the time
// at which that was received.
func succeed(ctx context.Context, tx *sql.Tx, old file, by, computer string) error {
	r, err := look(ctx, tx, old)
	if err != nil {
		return err
	}
	there, err := changes(ctx, tx, `UPDATE object SET received = $4
		WHERE account = $1 AND kind = 'snapshots' AND name = $2 AND computer = $3 AND state = 'stored' AND received >= $4`,
		old.account, by, computer, database.Millis(r.received))
	if err == nil && !there {
		err = errSuperseded
	}
	return err
}

// lastOf says, of a file that has just gone, whether it was the last snapshot of its
// month and whether it was the newest of its computer.
func lastOf(ctx context.Context, tx *sql.Tx, f file, gone row) (months int64, newest bool, err error) {
	if f.kind != storage.Snapshots {
		return 0, false, nil
	}
	others := func(from, to int64) (n int64, err error) {
		err = tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM object WHERE account = $1 AND kind = 'snapshots' AND state = 'stored'
			AND computer = $2 AND received >= $3 AND received < $4 LIMIT 1) AS one`, f.account, gone.computer, from, to).Scan(&n)
		return n, err
	}
	first, next := monthOf(gone.received)
	n, err := others(first, next)
	if err != nil {
		return 0, false, err
	}
	if n == 0 {
		months = 1
	}
	n, err = others(database.Millis(gone.received), 1<<62)
	return months, n == 0, err
}

func (s *Service) countRemoved(ctx context.Context, tx *sql.Tx, id string, f file, size, months int64) error {
	var snapshots, indexes, packs, bytes, full int64
	switch f.kind {
	case storage.Snapshots:
		snapshots = 1
	case storage.Index:
		indexes = 1
	case storage.Packs:
		packs, bytes = 1, size
		if size >= smallPack {
			full = size
		}
	}
	open, err := changes(ctx, tx, `UPDATE removal SET snapshots = snapshots + $3, indexes = indexes + $4, packs = packs + $5,
		bytes = bytes + $6, full_bytes = full_bytes + $7, months = months + $8
		WHERE id = $1 AND state = 'open' AND expires > $2`,
		id, database.Millis(s.now()), snapshots, indexes, packs, bytes, full, months)
	if err == nil && !open {
		err = ErrRemovalOver
	}
	return err
}

// judge holds what the removals of an account have taken against what there was.
func (s *Service) judge(ctx context.Context, tx *sql.Tx, id, account string) error {
	t, err := s.takenOf(ctx, tx, account)
	if err != nil {
		return err
	}
	var b base
	err = tx.QueryRowContext(ctx, "SELECT base_bytes, base_months, may_bytes FROM removal WHERE id = $1", id).Scan(&b.bytes, &b.months, &b.may)
	if err != nil {
		return err
	}
	if t.months > s.o.Usual.Months && 2*t.months > b.months {
		return &unusualError{fmt.Sprintf("of %d months, %d would have no backup any more", b.months, t.months)}
	}
	if t.full > s.o.Usual.Bytes && 4*t.full > 3*b.bytes {
		return &unusualError{fmt.Sprintf("%d of %d bytes would be removed or written anew", t.full, b.bytes)}
	}
	if t.bytes <= b.may {
		return nil
	}
	now, err := packBytes(ctx, tx, account, 0)
	if err != nil {
		return err
	}
	if gone := b.bytes - now; gone > s.o.Usual.Bytes && 2*gone > b.bytes {
		return &unusualError{fmt.Sprintf("%d of %d bytes would be gone", gone, b.bytes)}
	}
	_, err = tx.ExecContext(ctx, "UPDATE removal SET may_bytes = $2 WHERE id = $1", id, t.bytes+s.mayGo(b.bytes, now))
	return err
}

// freeze stops a removal and tells of it, once.
func (s *Service) freeze(ctx context.Context, id, why string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second) // the client may go away
	defer cancel()
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		mine, err := changes(ctx, tx, "UPDATE removal SET state = 'frozen', why = $2 WHERE id = $1 AND state = 'open'", id, why)
		if err != nil || !mine {
			return err
		}
		r, err := removal(ctx, tx, id)
		if err != nil {
			return err
		}
		return s.o.Frozen(ctx, tx, r)
	})
	return errors.Join(errFrozen, err)
}
