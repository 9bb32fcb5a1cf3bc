package store

import (
	"context"
	"database/sql"
	"errors"

	"holdfast/engine/server/database"
	"holdfast/engine/storage"
)

// UndoRemoval brings back what a removal took and the hold still has, and says how many
// files that were. It ends the removal when it is open. Packs come before the index
// files that name them, and these before the snapshots, so that what is listed can be
// read at every moment; one that was interrupted is called again. ErrRemoving while
// another removal of the account is open: it would take what comes back for waste. None
// can be opened until all of it is back.
func (s *Service) UndoRemoval(ctx context.Context, id string, during During) (Removal, int, error) {
	r, err := s.changeRemoval(ctx, id, func(tx *sql.Tx) error {
		r, err := removal(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := takeAccount(ctx, tx, r.Account); err != nil {
			return err
		}
		now := database.Millis(s.now())
		others, err := removals(ctx, tx, "WHERE account = $1 AND id <> $2 AND state = 'open' AND expires > $3", r.Account, id, now)
		if err != nil {
			return err
		}
		if len(others) > 0 {
			return ErrRemoving
		}
		_, err = tx.ExecContext(ctx, `UPDATE removal SET undone = $2, proof = '',
			ended = CASE WHEN ended = 0 THEN $2 ELSE ended END,
			state = CASE WHEN state IN ('open', 'frozen', 'allowed') THEN 'closed' ELSE state END WHERE id = $1`, id, now)
		if err != nil {
			return err
		}
		return during(tx, r)
	})
	if err != nil {
		return r, 0, err
	}
	back := 0
	for _, kind := range []storage.Kind{storage.Packs, storage.Index, storage.Snapshots} {
		held, err := s.objects(ctx,
			`SELECT kind, name, size, state, received, computer, changed, by_whom FROM object
			 WHERE removal = $1 AND removal <> '' AND kind = $2 AND state = 'held'`, id, string(kind))
		if err != nil {
			return r, back, err
		}
		for _, o := range held {
			err := s.Unhold(ctx, r.Account, o.Kind, o.Name)
			if errors.Is(err, ErrNotFound) { // its time was over, or it was sent again
				continue
			}
			if err != nil {
				return r, back, err
			}
			back++
		}
	}
	return r, back, nil
}
