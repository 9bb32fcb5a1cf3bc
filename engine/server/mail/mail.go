// Package mail sends the account server's letters.
//
// Its one idea is an outbox: a letter is a row written in the transaction of what it
// tells of, so that it goes when that is committed and only then, and a mail server
// that is down holds nothing up. Run delivers by SMTP (RFC 5321) with growing pauses
// for three days. Several servers share an outbox: whoever moves a letter's next
// attempt on has it. A letter can arrive twice when a server dies between the mail
// server's answer and its own note of it; both have the same Message-ID (RFC 5322).
//
// A letter's text, which may hold an invitation's link, is erased when it has gone or
// was given up. Letters are plain text in UTF-8 and load nothing, say that they come
// from a program (Auto-Submitted, RFC 3834), and what people typed into them is cut
// down to one line.
//
// Whether somebody should be told, and of what, is for the callers to know.
package mail

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	"holdfast/engine/server/database"
)

var (
	// ErrAddress says that a letter has no address that a letter can be sent to.
	ErrAddress = errors.New("this is not an e-mail address")
	// ErrOptions says that letters cannot be sent in the way that was asked for.
	ErrOptions = errors.New("the mail settings cannot be used")
)

// Message is a letter.
type Message struct {
	To      string // an address and nothing else: ann@college.edu
	Subject string
	Text    string // without greeting formulas at the end: Send adds who writes
}

// Options say how letters go out.
type Options struct {
	Address  string // host:port of the mail server; "" when there is none
	Username string // "" when it wants no sign-in
	Password string
	From     string         // "Holdfast <backup@college.edu>"
	TLS      string         // "starttls" (also ""), "tls" or "none"; a password never goes over "none" to another machine
	Roots    *x509.CertPool // who may sign the mail server's certificate; nil: whom the system trusts
	Name     string         // of the institution
	Origin   string         // "https://backup.college.edu", for the end of each letter
}

// Post is the outbox and its delivery. It is safe for use by several goroutines.
type Post struct {
	db   *database.DB
	o    Options
	now  func() time.Time
	poke chan struct{}
}

// New is the outbox in the server's database. Options are checked by Check.
func New(db *database.DB, o Options, now func() time.Time) *Post {
	return &Post{db, o, now, make(chan struct{}, 1)}
}

// Configured says whether there is a mail server. Where there is none, links have to
// be handed over in another way.
func (p *Post) Configured() bool { return p.o.Address != "" }

// Check says what is wrong with the settings, without asking the mail server.
func (o Options) Check() error {
	if o.Address == "" {
		return nil
	}
	if _, _, err := o.hostPort(); err != nil {
		return err
	}
	if _, err := netmail.ParseAddress(o.From); err != nil {
		return fmt.Errorf("%w: the sender must be an e-mail address, such as Holdfast <backup@college.edu>", ErrOptions)
	}
	switch o.TLS {
	case "", "starttls", "tls", "none":
		return nil
	}
	return fmt.Errorf("%w: %q is not starttls, tls or none", ErrOptions, o.TLS)
}

func (o Options) hostPort() (host string, port int, err error) {
	host, text, err := net.SplitHostPort(o.Address)
	if err == nil {
		port, err = strconv.Atoi(text)
	}
	if err != nil || host == "" || port < 1 || port > 65535 {
		return "", 0, fmt.Errorf("%w: the mail server must be host:port, such as mail.college.edu:587", ErrOptions)
	}
	return host, port, nil
}

// What a row of the outbox can be.
const (
	waiting = "waiting"
	sent    = "sent"
	givenUp = "given up"
)

// Send puts a letter into the outbox, within the transaction q; when q is nil within that
// of the context (database.Atomically), or at once. Where there is no mail server it does nothing.
func (p *Post) Send(ctx context.Context, q database.Querier, m Message) error {
	if !p.Configured() {
		return nil
	}
	to, err := address(m.To)
	if err != nil {
		return err
	}
	if q == nil {
		q = p.db
	}
	id := make([]byte, 16)
	rand.Read(id) // never fails: crypto/rand
	now := database.Millis(p.now())
	_, err = q.ExecContext(ctx, `INSERT INTO outbox (id, recipient, subject, body, state, created, due, tries, problem, ended)
		VALUES ($1, $2, $3, $4, $5, $6, $6, 0, '', 0)`,
		hex.EncodeToString(id), to, oneLine(m.Subject, 150), p.signed(m.Text), waiting, now)
	if err != nil {
		return fmt.Errorf("put a letter into the outbox: %w", err)
	}
	select {
	case p.poke <- struct{}{}:
	default:
	}
	return nil
}

// address takes an address alone: a name beside it, or several, would let what one
// person typed choose who else is written to.
func address(text string) (string, error) {
	a, err := netmail.ParseAddress(text)
	if err != nil || a.Name != "" || a.Address != strings.TrimSpace(text) || len(a.Address) > 254 ||
		strings.ContainsFunc(a.Address, unprintable) {
		return "", ErrAddress
	}
	return a.Address, nil
}

// Queue is the state of the outbox.
type Queue struct {
	Waiting int       // letters that are still tried
	Oldest  time.Time // since when the oldest of them waits
	GivenUp int       // letters of the last 30 days that did not arrive
}

// Queue counts.
func (p *Post) Queue(ctx context.Context) (Queue, error) {
	var q Queue
	var oldest int64
	err := p.db.QueryRowContext(ctx, "SELECT count(*), COALESCE(min(created), 0) FROM outbox WHERE state = $1", waiting).Scan(&q.Waiting, &oldest)
	if err == nil {
		err = p.db.QueryRowContext(ctx, "SELECT count(*) FROM outbox WHERE state = $1", givenUp).Scan(&q.GivenUp)
	}
	if err != nil {
		return Queue{}, fmt.Errorf("count the outbox: %w", err)
	}
	q.Oldest = database.Moment(oldest)
	return q, nil
}

// Lost is a letter that was given up.
type Lost struct {
	To, Subject, Problem string // Problem is what the mail server said last
	Created, Ended       time.Time
}

// GivenUp lists the letters of the last 30 days that did not arrive, newest first, at
// most 100.
func (p *Post) GivenUp(ctx context.Context) ([]Lost, error) {
	rows, err := p.db.QueryContext(ctx, "SELECT recipient, subject, problem, created, ended FROM outbox WHERE state = $1 ORDER BY ended DESC LIMIT 100", givenUp)
	if err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	defer rows.Close()
	var list []Lost
	for rows.Next() {
		var l Lost
		var created, ended int64
		if err := rows.Scan(&l.To, &l.Subject, &l.Problem, &created, &ended); err != nil {
			return nil, fmt.Errorf("read the outbox: %w", err)
		}
		l.Created, l.Ended = database.Moment(created), database.Moment(ended)
		list = append(list, l)
	}
	return list, rows.Err()
}
