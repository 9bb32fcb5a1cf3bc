package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/engine/server/access"
	"holdfast/engine/server/api"
	"holdfast/engine/server/audit"
	"holdfast/engine/server/database"
	"holdfast/engine/server/lending"
	"holdfast/engine/server/operations"
	"holdfast/engine/server/people"
	"holdfast/engine/storage"
	"holdfast/ui/web"
)

type serveCommand struct {
	settings
	New           newcomers `embed:""`
	MetricsListen string    `placeholder:"HOST:PORT" help:"Where Prometheus reads figures, without encryption; keep it inside."`
	Downloads     string    `type:"path" placeholder:"DIR" help:"Folder of the installers to offer; by default downloads in the data folder."`
	Owner         string    `placeholder:"E-MAIL" help:"E-mail of the owner, for the one-time link of the first start."`
	LogLevel      string    `enum:"debug,info,warn,error" default:"info" help:"debug, info, warn or error."`
}

const (
	drain     = 20 * time.Second // how long a stop waits for what is under way
	headers   = 10 * time.Second // how long a client may take for its headers
	idle      = 2 * time.Minute
	sweepTime = 10 * time.Minute
)

// Run serves until it is told to end. What was acknowledged until then is durable.
func (c *serveCommand) Run(s *output) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return err
	}
	log := slog.New(operations.Log(os.Stderr, level))
	c.newcomers = c.New
	v, err := c.settings.open(s.ctx, log)
	if err != nil {
		return err
	}
	defer v.close()
	if c.Downloads == "" {
		c.Downloads = filepath.Join(c.Data, "downloads")
	}
	metrics := operations.NewMetrics(version)
	if err := metrics.Watch("holdfast_mail_waiting", "Letters that wait to be delivered.", v.mailWaiting); err != nil {
		return err
	}
	handler, err := v.handler(c.Downloads, metrics)
	if err != nil {
		return err
	}
	cert, own, err := c.certificate(time.Now())
	if err != nil {
		return err
	}
	listener, err := listen("--listen", c.Listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	var inside net.Listener
	if c.MetricsListen != "" {
		if inside, err = listen("--metrics-listen", c.MetricsListen); err != nil {
			return err
		}
		defer inside.Close()
	}
	if err := v.welcome(s, c.Owner, cert, own, listener.Addr()); err != nil {
		return err
	}
	if err := v.presence.Appear(s.ctx); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(s.ctx)
	// It lives until it has ended what is under way: another server would take that over.
	lives, dead := context.WithCancel(context.WithoutCancel(ctx))
	group.Go(func() error { v.presence.Stay(lives, v.unseen); return nil })
	group.Go(func() error { defer dead(); return serveTLS(ctx, listener, handler, cert, log) })
	if inside != nil {
		group.Go(func() error { return serveMetrics(ctx, inside, metrics) })
	}
	group.Go(func() error { return v.sweep(ctx) })
	if v.mail.Configured() {
		group.Go(func() error { return ended(v.mail.Run(ctx)) })
	}
	return group.Wait()
}

// handler is all routes behind one gate.
func (v *server) handler(downloads string, metrics *operations.Metrics) (http.Handler, error) {
	proxies, err := networks("trusted-proxies", v.settings.TrustedProxies)
	if err != nil {
		return nil, err
	}
	pages, problem, err := web.New(web.Services{
		DB: v.db, People: v.people, Computers: v.computers, Sessions: v.sessions, Identity: v.identity, Store: v.store,
		Audit: v.audit, Mail: v.mail, Name: v.settings.Name, Downloads: downloads, Grace: grace,
	})
	if err != nil {
		return nil, err
	}
	routes := api.New(api.Services{
		DB: v.db, People: v.people, Computers: v.computers, Sessions: v.sessions, Identity: v.identity, Store: v.store,
		Removals: v.removals, Escrow: v.escrow, KeyLog: v.keyLog, Audit: v.audit, Mail: v.mail, Name: v.settings.Name, ID: v.id, Version: version, Origin: v.settings.Origin, Now: v.now,
	})
	routes = append(routes, v.store.Routes()...)
	routes = append(routes, pages...)
	routes = append(routes, operations.Health(v.ready)...)
	return access.Handler(routes, access.Options{
		Sessions: v.sessions, Computers: v.computers, People: v.people, Removals: v.store, Origin: v.settings.Origin, TrustedProxies: proxies,
		Log: v.log, Now: v.now, Observe: metrics.Observe, RenderProblem: problem,
	})
}

// ready is nil when uploads can be taken.
func (v *server) ready(ctx context.Context) error {
	return errors.Join(v.db.PingContext(ctx), v.bytes.Ready(ctx))
}

// unseen notes that other nodes do not see that this one lives.
func (v *server) unseen(err error) {
	v.log.Warn("other servers on the database may take this one for dead", "error", err)
}

// mailWaiting is a figure for Prometheus; -1 when the database does not answer.
func (v *server) mailWaiting() float64 {
	ctx, cancel := context.WithTimeout(context.Background(), headers)
	defer cancel()
	queue, err := v.mail.Queue(ctx)
	if err != nil {
		return -1
	}
	return float64(queue.Waiting)
}

// welcome says on standard output where the server is, what it shows, and, until
// there is an owner, how to become it.
func (v *server) welcome(s *output, owner string, cert tls.Certificate, own bool, at net.Addr) error {
	fmt.Printf("Holdfast serves %s (listening on %s).\n", v.settings.Origin, at)
	if own {
		hex := fingerprint(cert)
		fmt.Printf("Its certificate is its own; SHA-256 fingerprint:\n  %s\nPeople compare it with what the app shows:\n%s", hex, inGroups(hex))
	}
	found, err := v.people.Owner(s.ctx)
	if err != nil || found {
		return err
	}
	if owner == "" {
		owner = "owner@localhost.invalid"
	}
	token, err := v.inviteOwner(s.ctx, owner)
	if database.IsFull(err) { // what is stored can be read all the same
		fmt.Printf("Nobody owns it yet, and no link to become its owner can be made, because the disk of the database is full. What is stored can be got back. Make room and start again.\n")
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Printf("Nobody owns it yet. Open this one-time link within 14 days to become its owner; one that was printed before is no good any more:\n  %s/invitation/%s\n", v.settings.Origin, token)
	return nil
}

func (v *server) inviteOwner(ctx context.Context, email string) (token string, err error) {
	err = v.db.Atomically(ctx, func(ctx context.Context) error {
		var p people.Person
		if p, token, err = v.people.InviteFirst(ctx, email); err != nil {
			return err
		}
		return v.audit.Record(ctx, nil, audit.Entry{Actor: "server", Action: "person.invite", Target: p.ID, Reason: "the first start"})
	})
	return token, err
}

// listen takes an address that a flag names, or says what the flag should be.
func listen(flag, at string) (net.Listener, error) {
	listener, err := net.Listen("tcp", at)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("another program listens on %s already, perhaps this one. Stop it, or choose another address with %s", at, flag)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("this user may not listen on %s. Choose a port from 1024 on with %s, or allow it (setcap cap_net_bind_service=+ep)", at, flag)
	case err != nil:
		return nil, fmt.Errorf("%s %s is not an address of this machine: %w", flag, at, err)
	}
	return listener, nil
}

// serveTLS serves until the context ends, then lets what is under way finish.
func serveTLS(ctx context.Context, listener net.Listener, handler http.Handler, cert tls.Certificate, log *slog.Logger) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: headers, IdleTimeout: idle,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12,
			// Browsers speak HTTP/2; computers ask for HTTP/1.1, which moves packs faster.
			NextProtos: []string{"h2", "http/1.1"},
		},
	}
	return untilDone(ctx, server, func() error { return server.ServeTLS(listener, "", "") })
}

func serveMetrics(ctx context.Context, listener net.Listener, metrics *operations.Metrics) error {
	server := &http.Server{Handler: metrics.Handler(), ReadHeaderTimeout: headers}
	return untilDone(ctx, server, func() error { return server.Serve(listener) })
}

// untilDone serves until the context ends, and then for as long as somebody is served.
func untilDone(ctx context.Context, server *http.Server, serve func() error) error {
	var unused unused
	server.ConnState = unused.note
	server.RegisterOnShutdown(unused.close)
	failed := make(chan error, 1)
	go func() { failed <- serve() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	err := server.Shutdown(ending)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close() // clients try again; what was not acknowledged is not there
	}
	<-failed
	return err
}

// unused are the connections on which nothing was asked yet. Clients keep some in
// store, and a stop would wait five seconds for a question on them, during which
// nobody new is served.
type unused struct {
	mu  sync.Mutex
	all map[net.Conn]bool
}

func (u *unused) note(c net.Conn, state http.ConnState) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if state != http.StateNew {
		delete(u.all, c)
		return
	}
	if u.all == nil {
		u.all = map[net.Conn]bool{}
	}
	u.all[c] = true
}

func (u *unused) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for c := range u.all {
		c.Close()
	}
}

// ended makes the end that was asked for no error.
func ended(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// sweep does at the start and now and then what time has made due.
func (v *server) sweep(ctx context.Context) error {
	for {
		v.sweepOnce(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(sweepTime):
		}
	}
}

func (v *server) sweepOnce(ctx context.Context) {
	if err := ended(v.store.Repair(ctx)); err != nil {
		v.log.Error("uploads that a stop interrupted could not be put in order", "error", err)
	}
	gone, err := v.computers.Expired(ctx)
	for _, c := range gone {
		err = errors.Join(err, v.store.RemoveSnapshotsOf(ctx, c.Person, c.ID), v.computers.Forget(ctx, c.ID))
	}
	_, purged := v.store.Purge(ctx)
	lending := lending.Service{DB: v.db, People: v.people, Computers: v.computers, Audit: v.audit, Mail: v.mail}
	err = errors.Join(err, v.removals.Sweep(ctx), lending.Tell(ctx, ""), purged, v.sessions.Sweep(ctx), v.keyLog.Sweep(ctx))
	if err := ended(err); err != nil {
		v.log.Error("what was due could not be cleared away", "error", err)
	}
}

// quota is what an account may store.
func (v *server) quota(ctx context.Context, account string) (int64, error) {
	p, err := v.people.Get(ctx, account)
	return p.Quota, err
}

// mayUpload holds a computer against the institution's rules.
func (v *server) mayUpload(ctx context.Context, c access.Caller) error {
	return v.computers.MayUpload(ctx, *c.Computer, c.Address)
}

// stored notes when a computer last backed up.
func (v *server) stored(ctx context.Context, c access.Caller, _ storage.Kind, _ string, at time.Time) {
	if err := v.computers.BackedUp(ctx, c.Computer.ID, at); err != nil {
		v.log.Error("the time of a backup could not be kept", "error", err)
	}
}
