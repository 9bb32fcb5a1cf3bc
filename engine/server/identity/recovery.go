package identity

import (
	"context"
	"crypto/rand"
	"database/sql"
	"strings"
)

const recoveryCodes = 10

// NewRecoveryCodes makes ten codes, each good once, and ends the person's older ones.
// They have 80 bits each, which a plain hash keeps.
func (s *Service) NewRecoveryCodes(ctx context.Context, person string) ([]string, error) {
	codes := make([]string, recoveryCodes)
	for i := range codes {
		t := rand.Text()
		codes[i] = t[0:4] + "-" + t[4:8] + "-" + t[8:12] + "-" + t[12:16]
	}
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := take(ctx, tx, person); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM identity_recovery WHERE person = $1", person); err != nil {
			return err
		}
		for _, code := range codes {
			if _, err := tx.ExecContext(ctx, "INSERT INTO identity_recovery (person, hash) VALUES ($1, $2)", person, hashOf(plainCode(code))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// UseRecoveryCode uses one up and says whether it was one. Case, dashes and spaces do
// not matter.
func (s *Service) UseRecoveryCode(ctx context.Context, person, code string) (bool, error) {
	return affected(s.db.ExecContext(ctx, "DELETE FROM identity_recovery WHERE person = $1 AND hash = $2", person, hashOf(plainCode(code))))
}

// plainCode undoes how codes are written and the usual slips: base32 has no 0, 1 and 8.
func plainCode(code string) string { return slips.Replace(strings.ToUpper(code)) }

var slips = strings.NewReplacer("-", "", " ", "", "0", "O", "1", "I", "8", "B")
