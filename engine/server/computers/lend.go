package computers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"holdfast/engine/server/database"
)

// lentFor is how long a computer may take to replace another one.
const lentFor = 30 * 24 * time.Hour

var errNothingToReplace = errors.New("this account has no computer whose place could be taken")

// lend lets one computer in beside those that have seats. A person has one such at a
// time: the one before gives its place up, so that a replacement that was left half
// done on a computer that is gone keeps nobody from another.
func (s *Service) lend(ctx context.Context, tx *sql.Tx, person string) error {
	if _, err := s.mayHave(ctx, tx, person); err != nil {
		return err
	}
	used, err := s.seated(ctx, tx, person)
	if err != nil {
		return err
	}
	if used == 0 {
		return fmt.Errorf("%w: %w", ErrInvalid, errNothingToReplace)
	}
	_, err = tx.ExecContext(ctx, "UPDATE computer SET removed = $1 WHERE person = $2 AND removed = 0 AND lent > 0", database.Millis(s.now()), person)
	if err != nil {
		return fmt.Errorf("end a lent seat: %w", err)
	}
	return nil
}

// due makes a computer whose lent seat came to its end one that was removed then.
func (s *Service) due(r *row) {
	if r.removed == 0 && r.lent > 0 && r.lent <= database.Millis(s.now()) {
		r.removed = r.lent
		r.RemovedAt, r.State = database.Moment(r.removed), Removed
	}
}
