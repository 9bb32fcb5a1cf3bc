package store_test

import (
	"database/sql"

	"holdfast/engine/server/store"
)

// untold tells nobody.
func untold(*sql.Tx, store.Removal) error { return nil }
