package main

import "testing"

// A server that died does not always show it at once; what it was receiving must not
// take up the account until somebody starts another.
func TestWhatADeadServerWasReceivingIsGivenBackWhileAnotherServes(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		for _, statement := range []string{
			`INSERT INTO object (account, kind, name, size, state, received, computer, changed, work, by_whom)
			 VALUES ($1, 'keys', 'cut short', 1000, 'coming', 1, 'a computer', 1, 'of a dead server', '')`,
			"INSERT INTO object_usage (account, bytes, objects, locks) VALUES ($1, 1000, 1, 0)",
		} {
			if _, err := c.v.db.ExecContext(t.Context(), statement, c.person); err != nil {
				t.Fatal(err)
			}
		}
		c.v.sweepOnce(t.Context())
		if u, err := c.v.store.Usage(t.Context(), c.person); err != nil || u.Used != 0 || u.Objects != 0 {
			t.Errorf("%+v, %v", u, err)
		}
	})
}
