package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"holdfast/engine/server/api"
	"holdfast/engine/server/audit"
)

// auditCommand shows what was done. Each call verifies the whole record first, and
// ends without showing anything when it was changed.
type auditCommand struct {
	settings
	KeyStore bool        `env:"-" help:"The key store's own log: what it kept, released and forgot."`
	Person   string      `env:"-" placeholder:"E-MAIL|ID" help:"What this person did, or what concerns them."`
	Since    auditMoment `env:"-" placeholder:"TIME" help:"Entries from then on, as in 2026-03-01, \"2026-03-01 09:00\" or 2026-03-01T09:00:00Z."`
	Until    auditMoment `env:"-" placeholder:"TIME" help:"Entries before then."`
	Before   int64       `env:"-" placeholder:"NUMBER" help:"Entries with smaller numbers, for the next page."`
	Limit    int         `env:"-" help:"How many entries, the newest first; 50 by default. With --export all by default, the oldest first."`
	Export   bool        `env:"-" help:"Print a line of JSON for each entry, with its link of the hash chain."`
	Noted    []string    `env:"-" placeholder:"NUMBER:HASH" help:"An entry that was written down elsewhere, which has to be in the record still."`
}

func (c *auditCommand) Run(s *output) error {
	return c.with(s, func(ctx context.Context, v *server) error {
		query, err := c.query(ctx, v)
		if err != nil {
			return err
		}
		noted, err := c.noted()
		if err != nil {
			return err
		}
		log := v.audit
		if c.KeyStore {
			log = v.keys.Log()
		}
		if err := log.Verify(ctx, noted...); err != nil {
			return err
		}
		if c.Export {
			return export(ctx, log, query)
		}
		return c.show(ctx, s, log, query)
	})
}

func (c *auditCommand) query(ctx context.Context, v *server) (audit.Query, error) {
	q := audit.Query{Person: c.Person, Since: time.Time(c.Since), Until: time.Time(c.Until), Before: c.Before, Limit: c.Limit}
	if c.Limit < 0 || c.Before < 0 {
		return q, fmt.Errorf("--limit and --before are numbers from 1 on")
	}
	if c.Limit == 0 && !c.Export {
		q.Limit = 50
	}
	if strings.Contains(c.Person, "@") {
		p, err := v.person(ctx, c.Person)
		if err != nil {
			return q, err
		}
		q.Person = p.ID
	}
	return q, nil
}

func (c *auditCommand) noted() ([]audit.Head, error) {
	heads := make([]audit.Head, 0, len(c.Noted))
	for _, text := range c.Noted {
		number, hash, _ := strings.Cut(text, ":")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil || n < 1 || len(hash) != 64 {
			return nil, fmt.Errorf("--noted is the number of an entry, a colon and its hash, as --export prints them, and not %q", plain(text))
		}
		heads = append(heads, audit.Head{Number: n, Hash: strings.ToLower(hash)})
	}
	return heads, nil
}

func (c *auditCommand) show(ctx context.Context, s *output, log *audit.Log, q audit.Query) error {
	list, err := log.List(ctx, q)
	if err != nil {
		return err
	}
	rows := make([][]string, 0, len(list))
	for _, e := range list {
		rows = append(rows, []string{fmt.Sprint(e.Number), day(e.At), e.Actor, e.Action, e.Target, e.Reason})
	}
	return s.rows(shown(list, api.ShowEntry), []string{"NUMBER", "TIME", "WHO", "WHAT", "ABOUT", "WHY"}, rows)
}

// exported is an entry with all that its hash is made of (engine/server/audit).
type exported struct {
	Number  int64     `json:"number"`
	At      time.Time `json:"at"`
	Actor   string    `json:"actor"`
	Action  string    `json:"action"`
	Target  string    `json:"target"`
	Person  string    `json:"person"`
	Reason  string    `json:"reason"`
	Address string    `json:"address"`
	Hash    string    `json:"hash"`
}

// export prints one entry after the other and holds none.
func export(ctx context.Context, log *audit.Log, q audit.Query) error {
	lines := json.NewEncoder(os.Stdout)
	lines.SetEscapeHTML(false)
	return log.Each(ctx, q, func(e audit.Entry) error {
		return lines.Encode(exported{e.Number, e.At, e.Actor, e.Action, e.Target, e.Person, e.Reason, e.Address, e.Hash})
	})
}

// auditMoment is a time as people write it, by the clock of this machine unless it says
// another.
type auditMoment time.Time

func (m *auditMoment) UnmarshalText(text []byte) error {
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04", time.DateTime, time.RFC3339Nano} {
		if t, err := time.ParseInLocation(layout, string(text), time.Local); err == nil {
			*m = auditMoment(t)
			return nil
		}
	}
	return fmt.Errorf("%q is no time, such as 2026-03-01, \"2026-03-01 09:00\" or 2026-03-01T09:00:00Z", plain(string(text)))
}
