package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"holdfast/engine/server/audit"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/database"
	"holdfast/engine/server/escrow"
	"holdfast/engine/server/identity"
	"holdfast/engine/server/keylog"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/people"
	"holdfast/engine/server/removal"
	"holdfast/engine/server/session"
	"holdfast/engine/server/store"
	"holdfast/engine/server/store/disk"
	"holdfast/engine/server/store/s3"
)

// server is everything that routes and commands work with.
type server struct {
	settings  *settings
	id        string // of this server, however many nodes it has
	log       *slog.Logger
	now       func() time.Time
	db        *database.DB
	presence  *database.Presence // shown to other nodes while this one serves
	people    *people.Service
	computers *computers.Service
	sessions  *session.Service
	identity  *identity.Service
	store     *store.Service
	bytes     store.Bytes
	removals  *removal.Service
	keys      *escrow.Store
	escrow    *escrow.Client
	keyLog    *keylog.Service
	audit     *audit.Log
	mail      *mail.Post
}

const (
	grace         = 60 * 24 * time.Hour // a removed computer can come back
	backsUpWithin = 30 * 24 * time.Hour // a computer that stored something lately backs up
	hold          = 30 * 24 * time.Hour // a removed object can come back
)

// open assembles the server. Close lets go of it.
func (s *settings) open(ctx context.Context, log *slog.Logger) (*server, error) {
	return s.openAt(ctx, log, time.Now)
}

// openAt is open by another clock.
func (s *settings) openAt(ctx context.Context, log *slog.Logger, now func() time.Time) (*server, error) {
	if err := s.complete(); err != nil {
		return nil, err
	}
	v := &server{settings: s, log: log, now: now}
	err := v.openDatabase(ctx)
	if err == nil {
		err = v.openPeople(ctx)
	}
	if err == nil {
		err = v.openKeys(ctx)
	}
	if err == nil {
		err = v.openStore(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, v.close())
	}
	return v, nil
}

func (v *server) close() error {
	var errs []error
	if v.keys != nil {
		errs = append(errs, v.keys.Close())
	}
	if v.db != nil {
		errs = append(errs, v.db.Close())
	}
	return errors.Join(errs...)
}

func (v *server) openDatabase(ctx context.Context) error {
	var err error
	if v.db, err = database.Open(ctx, v.settings.Database); err != nil {
		return err
	}
	if err := v.db.Migrate(ctx, database.Schema()); err != nil {
		return err
	}
	v.presence = v.db.NewPresence()
	v.id, err = serverID(ctx, v.db)
	return err
}

// serverID is made by the first node that starts.
func serverID(ctx context.Context, db *database.DB) (string, error) {
	var fresh [16]byte
	rand.Read(fresh[:])
	_, err := db.ExecContext(ctx, "INSERT INTO fact (name, value) VALUES ('id', $1) ON CONFLICT (name) DO NOTHING", hex.EncodeToString(fresh[:]))
	if err != nil && !database.IsFull(err) {
		return "", err
	}
	var id string
	err = db.QueryRowContext(ctx, "SELECT value FROM fact WHERE name = 'id'").Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", errors.New("the database cannot be written: its disk is full")
	}
	return id, err
}

func (v *server) openPeople(ctx context.Context) error {
	s := v.settings
	own, err := networks("institution-networks", s.InstitutionNetworks)
	if err != nil {
		return err
	}
	v.people = people.New(v.db, people.Defaults{Seats: s.Seats, Quota: int64(s.Quota)}, v.now)
	v.computers = computers.New(v.db, v.people, computers.Options{Networks: own, Grace: grace, BacksUpWithin: backsUpWithin}, v.now)
	v.sessions = session.New(v.db, v.now)
	v.audit = audit.New(v.db, v.now)
	password, err := secretIn(s.SMTPPasswordFile)
	if err != nil {
		return err
	}
	v.mail = mail.New(v.db, mail.Options{
		Address: s.SMTPAddress, Username: s.SMTPUsername, Password: password, From: s.SMTPFrom, TLS: s.SMTPTLS,
		Name: s.Name, Origin: s.Origin,
	}, v.now)
	key, err := v.secretsKey(ctx)
	if err != nil {
		return err
	}
	o := identity.Options{Origin: s.Origin, Name: s.Name, Sealer: key}
	if s.ProviderIssuer != "" {
		secret, err := secretIn(s.ProviderClientSecretFile)
		if err != nil {
			return err
		}
		name := s.ProviderName
		if name == "" {
			name = s.Name
		}
		o.Provider = &identity.ProviderOptions{
			Name: name, Issuer: s.ProviderIssuer, ClientID: s.ProviderClientID, ClientSecret: secret,
			Scopes: s.ProviderScopes, ACR: s.ProviderACR, AMR: s.ProviderAMR, NoAuthTime: s.ProviderNoAuthTime,
		}
	}
	if v.identity, err = identity.New(v.db, o, v.now); err != nil {
		return err
	}
	if s.renewing {
		return nil
	}
	if err := v.identity.Seal(ctx); err != nil {
		return fmt.Errorf("the key in %s: %w. %s", s.SecretsKeyFile, err, putItBack)
	}
	return nil
}

// putItBack is what to do about a key of the secrets that is not that of the database.
const putItBack = "Nobody's files are touched. Put the key there with which this database was used before, from another server on it or from a backup. If it is lost, \"holdfast-server secrets renew\" begins with another one"

// secretsKey opens the key that seals the secrets of authenticator apps. It is made for a
// database that has none; in place of one that is lost a new one opens nothing.
func (v *server) secretsKey(ctx context.Context) (identity.Sealer, error) {
	s := v.settings
	if _, err := os.Stat(s.SecretsKeyFile); errors.Is(err, fs.ErrNotExist) && !s.renewing {
		id, err := identity.KeyOf(ctx, v.db)
		if err != nil {
			return nil, err
		}
		if id != "" {
			return nil, fmt.Errorf("%s is missing, and nothing else opens the secrets of people's authenticator apps in this database (the id of the key is %s). %s", s.SecretsKeyFile, id, putItBack)
		}
	}
	key, err := escrow.OpenKeyFile(s.SecretsKeyFile)
	if err != nil {
		return nil, fmt.Errorf("the key of people's authenticator apps (--secrets-key-file): %w", err)
	}
	return key, nil
}

func (v *server) openKeys(ctx context.Context) error {
	s := v.settings
	master, err := escrow.OpenKeyFile(s.EscrowKeyFile)
	if err != nil {
		return fmt.Errorf("the master key of the key store (--escrow-key-file): %w", err)
	}
	v.keys, err = escrow.Open(ctx, s.EscrowDatabase, master, s.EscrowCredentialFile)
	if errors.Is(err, escrow.ErrMasterKey) {
		return fmt.Errorf("the key in %s: %w. Nobody's files are touched. Put the master key there with which this key store was used before, from another server on it or from a backup", s.EscrowKeyFile, err)
	}
	if err != nil {
		return err
	}
	credential, err := secretIn(s.EscrowCredentialFile)
	if err != nil {
		return err
	}
	if v.escrow, err = v.keys.Client(credential); err != nil {
		return err
	}
	v.keyLog = &keylog.Service{DB: v.db, Keys: v.escrow, Audit: v.audit, Mail: v.mail, People: v.people, Now: v.now}
	return nil
}

func (v *server) openStore(ctx context.Context) error {
	s := v.settings
	var err error
	if strings.HasPrefix(s.Storage, "s3://") {
		secret, err := secretIn(s.S3SecretKeyFile)
		if err != nil {
			return err
		}
		v.bytes, err = s3.Open(ctx, s.Storage, s3.Options{AccessKey: s.S3AccessKey, SecretKey: secret, Region: s.S3Region})
		if err != nil {
			return err
		}
	} else {
		path, err := filepath.Abs(s.Storage)
		if err != nil {
			return err
		}
		if v.bytes, err = disk.Open(path); err != nil {
			return fmt.Errorf("open the storage: %w", err)
		}
	}
	v.store = store.New(v.db, v.bytes, store.Options{
		Quota: v.quota, MayUpload: v.mayUpload, Stored: v.stored, Frozen: v.frozen, Hold: hold, Name: v.presence.Name, Log: v.log,
	}, v.now)
	v.removals = &removal.Service{Store: v.store, People: v.people, Computers: v.computers, Audit: v.audit, Mail: v.mail, Now: v.now, Hold: hold}
	return err
}

// frozen is told of a removal that the storage stopped.
func (v *server) frozen(ctx context.Context, tx *sql.Tx, r store.Removal) error {
	v.log.Warn("a removal far outside the usual was stopped; an administrator has to decide", "removal", r.ID, "account", r.Account, "why", r.Why)
	return v.removals.Froze(ctx, tx, r)
}
