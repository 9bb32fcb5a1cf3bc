package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"holdfast/engine/server/audit"
	"holdfast/engine/server/operations"
)

var ownersLink = regexp.MustCompile(`/invitation/([A-Z2-7]{26,})`)

// started is a server that has said where it is, and the token of the link that it printed.
func (o *office) started(said *sayings, owner string) (v *server, token string) {
	o.Helper()
	s := &settings{Data: o.settings[1], Database: o.settings[3], Listen: "127.0.0.1:8443"}
	v, err := s.open(o.Context(), slog.New(operations.Log(said, slog.LevelDebug)))
	if err != nil {
		o.Fatal(err)
	}
	o.Cleanup(func() { v.close() })
	file, err := os.Create(filepath.Join(o.TempDir(), "printed"))
	if err != nil {
		o.Fatal(err)
	}
	defer file.Close()
	printedTo(file, os.Stderr, func() {
		err = v.welcome(&output{ctx: context.WithoutCancel(o.Context())}, owner, tls.Certificate{}, false, &net.TCPAddr{})
	})
	if err != nil {
		o.Fatal(err)
	}
	text, err := os.ReadFile(file.Name())
	if err != nil {
		o.Fatal(err)
	}
	found := ownersLink.FindStringSubmatch(string(text))
	if found == nil {
		return v, ""
	}
	return v, found[1]
}

func TestTheLinkOfTheFirstOwnerIsTheOneThatWasPrintedLastAndNoLogHasIt(t *testing.T) {
	eachOffice(t, func(o *office) {
		said := new(sayings)
		var tokens []string
		var last *server
		for _, owner := range []string{"", "", "boss@college.edu"} {
			v, token := o.started(said, owner)
			if token == "" {
				o.Fatal("no link was printed")
			}
			tokens, last = append(tokens, token), v
		}
		handler, err := last.handler(o.TempDir(), operations.NewMetrics("test"))
		if err != nil {
			o.Fatal(err)
		}
		for i, token := range tokens {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequest("GET", last.settings.Origin+"/invitation/"+token, nil))
			if good := w.Code == 200; good != (i == 2) {
				o.Errorf("link %d is answered %d", i, w.Code)
			}
		}
		log, err := audit.New(o.db, time.Now).List(o.Context(), audit.Query{})
		if err != nil || len(log) != 3 {
			o.Fatalf("%+v, %v", log, err)
		}
		for _, e := range log {
			if e.Actor != "server" || e.Action != "person.invite" {
				o.Errorf("the log has %+v", e)
			}
		}
		if text := said.text(); !strings.Contains(text, "/invitation/") {
			o.Errorf("the requests were not logged: %s", text)
		}
		for _, token := range tokens {
			if strings.Contains(said.text(), token) {
				o.Error("the log holds a link")
			}
		}
		if _, err := last.people.Accept(o.Context(), tokens[2]); err != nil {
			o.Fatal(err)
		}
		if _, token := o.started(said, ""); token != "" {
			o.Error("a link was printed though there is an owner")
		}
	})
}
