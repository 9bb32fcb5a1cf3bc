package escrow

import (
	"context"
	"time"

	"holdfast/engine/server/database"
)

// OpenAt is Open with a clock.
func OpenAt(ctx context.Context, address string, w Wrapper, credentialFile string, now func() time.Time) (*Store, error) {
	return open(ctx, address, w, credentialFile, now)
}

// Database is what lies below, for tests that look at it or damage it.
func (s *Store) Database() *database.DB { return s.db }

// Parse is the decoder of key files.
func Parse(text string) (id string, key []byte, err error) { return parseKeyFile(text) }

// Binding is the context with which secrets are wrapped.
func Binding(account, keyFile string) []byte { return binding(account, keyFile) }
