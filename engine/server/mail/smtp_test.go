package mail_test

import (
	"crypto/x509"
	"errors"
	"strings"
	"testing"

	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/mail/mailtest"
)

// sqlite gives a post on one database; how SMTP is spoken does not depend on which.
func sqlite(t *testing.T, o mail.Options) (*mail.Post, *database.DB) {
	t.Helper()
	db := databasetest.Open(t, databasetest.Address(t, database.SQLite), database.Schema())
	return mail.New(db, o, newClock().now), db
}

func TestLettersGoOverTLSAndWithASignIn(t *testing.T) {
	for _, way := range []string{"starttls", "tls"} {
		t.Run(way, func(t *testing.T) {
			sink := mailtest.SinkTLS(t, "holdfast", "geheim", way == "tls")
			o := options(sink)
			o.TLS, o.Roots, o.Username, o.Password = way, sink.Roots, "holdfast", "geheim"
			p, _ := sqlite(t, o)
			send(t, p, nil, letter)
			deliver(t, p, 1)
		})
	}
}

func TestAMailServerThatCannotBeTrustedGetsNothing(t *testing.T) {
	good := mailtest.SinkTLS(t, "holdfast", "geheim-7f1d", false)
	plain := mailtest.Sink(t)
	for name, c := range map[string]struct {
		sink   *mailtest.Server
		change func(o *mail.Options)
	}{
		"a certificate signed by nobody known": {good, func(o *mail.Options) { o.Roots = x509.NewCertPool() }},
		"no TLS where STARTTLS is asked for":   {plain, func(o *mail.Options) {}},
		"no TLS where TLS is asked for":        {plain, func(o *mail.Options) { o.TLS = "tls" }},
		"a wrong password":                     {good, func(o *mail.Options) { o.Password = "falsch-7f1d" }},
		"a sender who is no address":           {good, func(o *mail.Options) { o.From = "nobody" }},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(c.sink)
			o.TLS, o.Roots, o.Username, o.Password = "", c.sink.Roots, "holdfast", "geheim-7f1d"
			c.change(&o)
			p, db := sqlite(t, o)
			send(t, p, nil, letter)
			deliver(t, p, 0)
			if got := len(c.sink.Letters()); got != 0 {
				t.Errorf("%d letters", got)
			}
			for problem := range column(t, db, "problem") {
				if problem == "" || strings.Contains(problem, "7f1d") {
					t.Errorf("the problem is told as %q", problem)
				}
			}
		})
	}
}

func TestSettingsThatCannotWorkAreToldBeforeAnyLetter(t *testing.T) {
	good := mail.Options{Address: "mail.college.edu:587", From: "Holdfast <backup@college.edu>"}
	if err := errors.Join(good.Check(), mail.Options{}.Check()); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(o *mail.Options){
		"no port":       func(o *mail.Options) { o.Address = "mail.college.edu" },
		"a wrong port":  func(o *mail.Options) { o.Address = "mail.college.edu:70000" },
		"no host":       func(o *mail.Options) { o.Address = ":25" },
		"no sender":     func(o *mail.Options) { o.From = "" },
		"another sense": func(o *mail.Options) { o.TLS = "ssl" },
	} {
		o := good
		change(&o)
		if err := o.Check(); !errors.Is(err, mail.ErrOptions) {
			t.Errorf("%s: %v", name, err)
		}
		p, _ := sqlite(t, o)
		if err := p.Run(t.Context()); !errors.Is(err, mail.ErrOptions) {
			t.Errorf("%s: run: %v", name, err)
		}
	}
}
