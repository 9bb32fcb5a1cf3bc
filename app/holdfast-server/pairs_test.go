package main

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/store/s3"
	"holdfast/engine/server/store/storetest"
)

// pair is a kind of database with a kind of storage beside it: what an institution
// begins with, and what it grows into.
type pair struct {
	name     string
	database database.Kind
	s3       bool
}

var (
	small = pair{"SQLite and disk", database.SQLite, false}
	large = pair{"PostgreSQL and S3", database.PostgreSQL, true}
)

// onBoth runs a test on both, side by side with each other and with other tests.
func onBoth(t *testing.T, run func(t *testing.T, p pair)) {
	t.Parallel()
	for _, p := range []pair{small, large} {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			run(t, p)
		})
	}
}

// places are where one server keeps what it has. Empty ones are in its data folder.
type places struct {
	database, escrow, storage string
	s3AccessKey, s3SecretKey  string // the second is a file
}

// databasePassword is let pass by the PostgreSQL of the tests, which trusts everybody.
const databasePassword = "none-but-the-server-knows"

// places makes new and empty ones: of the services that all tests share, a database
// and a bucket.
func (p pair) places(t testing.TB) places {
	t.Helper()
	var at places
	if p.database == database.PostgreSQL {
		at.database, at.escrow = withPassword(t, databasetest.Address(t, p.database)), withPassword(t, databasetest.Address(t, p.database))
	}
	if p.s3 {
		at.keepIn(t, storetest.S3)
	}
	return at
}

// on makes them of services that are the test's own, or where there is none of those
// that all tests share.
func on(t testing.TB, cluster *databasetest.Cluster, gateway *storetest.Gateway) places {
	t.Helper()
	at := large.places(t)
	if cluster != nil {
		at.database, at.escrow = withPassword(t, cluster.Address(t)), withPassword(t, cluster.Address(t))
	}
	if gateway != nil {
		at.keepIn(t, gateway.Bucket)
	}
	return at
}

// keepIn makes a new bucket the storage.
func (at *places) keepIn(t testing.TB, bucket func(testing.TB) (string, s3.Options)) {
	t.Helper()
	address, o := bucket(t)
	at.storage, at.s3AccessKey, at.s3SecretKey = address, o.AccessKey, filepath.Join(t.TempDir(), "s3-secret")
	if err := os.WriteFile(at.s3SecretKey, []byte(o.SecretKey), 0o600); err != nil {
		t.Fatal(err)
	}
}

func withPassword(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(u.User.Username(), databasePassword)
	return u.String()
}

// flags name the places to the program.
func (at places) flags() []string {
	var flags []string
	for _, f := range [][2]string{
		{"--database", at.database}, {"--escrow-database", at.escrow}, {"--storage", at.storage},
		{"--s3-access-key", at.s3AccessKey}, {"--s3-secret-key-file", at.s3SecretKey},
	} {
		if f[1] != "" {
			flags = append(flags, f[0], f[1])
		}
	}
	return flags
}
