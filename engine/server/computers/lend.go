package computers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"holdfast/engine/server/database"
)

const (
	lentFor   = 30 * 24 * time.Hour // how long computers of a person may take, one after the other, to replace another one
	lentLeast = 24 * time.Hour      // less than this left is nothing
	lentAgain = 60 * 24 * time.Hour // how long after that, when none did, there is no other
)

var (
	errNothingToReplace = errors.New("this account has no computer whose place could be taken")

	// ErrLentOver is an ErrRemoved: the computer did not take the place of another one
	// while it was lent a seat.
	ErrLentOver = fmt.Errorf("%w: its lent seat came to its end", ErrRemoved)
	// ErrLentLimit is wrapped in a sentence that says until when.
	ErrLentLimit = errors.New("for 30 days computers of this account could take the place of another one, and none did")
)

// How a lent seat ended, in the column unfinished; 0: not so.
const (
	unfinishedUntold = 1
	unfinishedTold   = 2
)

// lend lets one computer in beside those that have seats, and says until when. A person
// has one such at a time: the one before gives its place up, so that a replacement that
// was left half done on a computer that is gone keeps nobody from another. The next one
// has what is left of the time, and when that is over without any of them having taken a
// place, there is none for a while: otherwise a lent seat is one more for ever.
func (s *Service) lend(ctx context.Context, tx *sql.Tx, person string) (until int64, err error) {
	if _, err := s.mayHave(ctx, tx, person); err != nil {
		return 0, err
	}
	seated, err := s.seated(ctx, tx, person)
	if err != nil {
		return 0, err
	}
	if seated == 0 {
		return 0, fmt.Errorf("%w: %w", ErrInvalid, errNothingToReplace)
	}
	used, ended, err := s.lendings(ctx, tx, person)
	if err != nil {
		return 0, err
	}
	now := s.now()
	if lentFor-used < lentLeast {
		return 0, fmt.Errorf("%w, so none is let in for that until %s. Nothing was changed. Remove a computer that you do not use any more, whose files stay for 60 days, or ask your administrators for another seat", ErrLentLimit, ended.Add(lentAgain).UTC().Format("2 January 2006"))
	}
	_, err = tx.ExecContext(ctx, "UPDATE computer SET removed = $1, unfinished = $2 WHERE person = $3 AND removed = 0 AND lent > 0",
		database.Millis(now), unfinishedUntold, person)
	if err != nil {
		return 0, fmt.Errorf("end a lent seat: %w", err)
	}
	return database.Millis(now.Add(lentFor - used)), nil
}

// lendings is how long computers of a person had lent seats and took no place of another,
// and when the last of them ended. Those count that came after one another with less than
// lentAgain between them, up to now. That a computer says it has the place of another is
// not enough: that one must have been replaced since.
func (s *Service) lendings(ctx context.Context, tx *sql.Tx, person string) (used time.Duration, ended time.Time, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT created, CASE WHEN removed > 0 AND removed < lent THEN removed ELSE lent END AS ended
		FROM computer WHERE person = $1 AND lent > 0 AND NOT EXISTS (
			SELECT 1 FROM computer s JOIN computer_past_credential p ON p.computer = s.id
			WHERE s.id = computer.successor AND p.generation < s.generation AND p.ended >= computer.created)
		ORDER BY ended DESC`, person)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("look for lent seats: %w", err)
	}
	defer rows.Close()
	before := s.now()
	for rows.Next() {
		var created, end int64
		if err := rows.Scan(&created, &end); err != nil {
			return 0, time.Time{}, err
		}
		from, to := database.Moment(created), database.Moment(min(end, database.Millis(s.now())))
		if before.Sub(to) >= lentAgain {
			break
		}
		if ended.IsZero() {
			ended = to
		}
		used, before = used+to.Sub(from), from
	}
	return used, ended, rows.Err()
}

// due makes a computer whose lent seat came to its end one that was removed then.
func (s *Service) due(r *row) {
	if r.removed == 0 && r.lent > 0 && r.lent <= database.Millis(s.now()) {
		r.removed, r.unfinished = r.lent, unfinishedUntold
		r.RemovedAt, r.State = database.Moment(r.removed), Removed
	}
}

// endLent writes down what due says.
func (s *Service) endLent(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, "UPDATE computer SET removed = lent, unfinished = $1 WHERE removed = 0 AND lent > 0 AND lent <= $2",
		unfinishedUntold, database.Millis(s.now()))
	if err != nil {
		return fmt.Errorf("end lent seats: %w", err)
	}
	return nil
}

// LentEnded returns the computers whose lent seat ended without their taking the place of
// another one, and whose person was not told yet: of one person, or with "" of all.
func (s *Service) LentEnded(ctx context.Context, person string) ([]Computer, error) {
	if err := s.endLent(ctx); err != nil {
		return nil, err
	}
	return s.list(ctx, `SELECT `+columns+` FROM computer WHERE unfinished = $2 AND ($1 = '' OR person = $1) ORDER BY removed, id`, person, unfinishedUntold)
}

// LentEndTold notes that the person was told; no is that somebody else did it already. It
// belongs in one transaction with what tells it.
func (s *Service) LentEndTold(ctx context.Context, id string) (told bool, err error) {
	done, err := s.db.ExecContext(ctx, "UPDATE computer SET unfinished = $1 WHERE id = $2 AND unfinished = $3", unfinishedTold, id, unfinishedUntold)
	if err != nil {
		return false, fmt.Errorf("note the end of a lent seat: %w", err)
	}
	n, err := done.RowsAffected()
	return n == 1, err
}
