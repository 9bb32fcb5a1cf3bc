package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"holdfast/engine/server/audit"
)

func TestTheAuditIsPagedChosenAndExported(t *testing.T) {
	eachOffice(t, func(o *office) {
		now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
		log := audit.New(o.db, func() time.Time { return now })
		for n := range 120 { // one an hour
			if err := log.Record(o.Context(), nil, audit.Entry{Actor: "ann", Action: "sign_in", Target: fmt.Sprint(n + 1), Reason: "<why>"}); err != nil {
				o.Fatal(err)
			}
			now = now.Add(time.Hour)
		}
		if err := log.Record(o.Context(), nil, audit.Entry{Actor: "ben", Action: "sign_in"}); err != nil {
			o.Fatal(err)
		}
		page := func(args ...string) (list []struct{ Number int64 }) {
			o.Helper()
			o.must(&list, append([]string{"audit"}, args...)...)
			return list
		}
		if list := page(); len(list) != 50 || list[0].Number != 121 || list[49].Number != 72 {
			o.Errorf("the first page: %v", list)
		}
		if list := page("--before", "72", "--limit", "3"); len(list) != 3 || list[0].Number != 71 {
			o.Errorf("the next page: %v", list)
		}
		if list := page("--person", "ben"); len(list) != 1 || list[0].Number != 121 {
			o.Errorf("what ben did: %v", list)
		}
		if list := page("--since", "2026-03-01T11:00:00Z", "--until", "2026-03-01T14:00:00Z"); len(list) != 3 || list[0].Number != 5 || list[2].Number != 3 {
			o.Errorf("of three hours: %v", list)
		}

		var all, some []exported
		o.must(&all, "audit", "--export")
		o.must(&some, "audit", "--export", "--until", "2026-03-01T11:00:00Z")
		if len(all) != 121 || all[0].Number != 1 || all[0].Reason != "<why>" || len(some) != 2 || some[1] != all[1] {
			o.Fatalf("exported are %d, %v and %v", len(all), all[0], some)
		}
		o.must(nil, "audit", "--noted", fmt.Sprintf("%d:%s", all[49].Number, all[49].Hash))
		for _, wrong := range [][]string{
			{"--noted", "50:" + all[48].Hash}, {"--noted", "50"}, {"--noted", "x:" + all[48].Hash}, {"--noted", "500:" + all[48].Hash}, {"--limit=-1"},
		} {
			if code := o.command(nil, append([]string{"audit"}, wrong...)...); code != 1 {
				o.Errorf("%q ended with %d", wrong, code)
			}
		}
		if code := o.command(nil, "audit", "--since", "yesterday"); code != 2 {
			o.Errorf("a time that is none ended with %d", code)
		}
		if _, err := o.db.ExecContext(o.Context(), "UPDATE audit SET target = 'x' WHERE number = 7"); err != nil {
			o.Fatal(err)
		}
		if code := o.command(nil, "audit", "--limit", "1"); code != 1 {
			o.Errorf("a record that was changed is shown, and the command ended with %d", code)
		}
	})
}

func TestTheKeyStoresOwnLogIsShown(t *testing.T) {
	eachOffice(t, func(o *office) {
		o.must(nil, "user", "add", "ann@college.edu")
		s := &settings{Data: o.settings[1], Database: o.settings[3], Listen: "127.0.0.1:0"}
		v, err := s.open(o.Context(), slog.New(slog.NewTextHandler(io.Discard, nil)))
		if err != nil {
			o.Fatal(err)
		}
		ann, err := v.people.ByEmail(o.Context(), "ann@college.edu")
		if err == nil {
			_, err = v.escrow.Keep(context.Background(), ann.ID, "pending", []byte("secret"))
		}
		if err != nil {
			o.Fatal(err)
		}
		if err := v.close(); err != nil {
			o.Fatal(err)
		}
		var kept []exported
		o.must(&kept, "audit", "--key-store", "--export", "--person", "ann@college.edu")
		if len(kept) != 1 || kept[0].Action != "key.keep" || kept[0].Target != ann.ID || strings.Contains(kept[0].Reason, "secret") {
			o.Errorf("the key store logged %+v", kept)
		}
	})
}
