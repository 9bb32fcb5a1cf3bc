package mail_test

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"holdfast/engine/server/database"
	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/mail/mailtest"
)

var when = time.Date(2026, 3, 1, 9, 5, 0, 0, time.UTC)

func letters(name, foreign string) map[string]mail.Message {
	to := mail.Person{Email: "ann@college.edu", Name: name}
	return map[string]mail.Message{
		"an invitation":        mail.Invitation(to, "https://backup.college.edu/invitation/ABC"),
		"a refusal":            mail.Refused(to, foreign),
		"a change of security": mail.SecurityChange(to, "Your password was changed", foreign, when),
		"a release":            mail.KeyReleased(to, foreign, foreign, foreign, when),
		"a replaced computer":  mail.ComputerReplaced(to, foreign, foreign, foreign, when),
		"a new computer":       mail.NewComputer(to, foreign, foreign, when),
		"a lent seat":          mail.LentSeatEnded(to, foreign, when),
	}
}

func TestLettersSayWhatHappenedWhereWhenAndWhatToDo(t *testing.T) {
	to := mail.Person{Email: "ann@college.edu", Name: "Ann"}
	for _, c := range []struct {
		m    mail.Message
		says []string
	}{
		{mail.Invitation(to, "https://x/invitation/ABC"), []string{"\n\nhttps://x/invitation/ABC\n\n", "once", "14 days"}},
		{mail.SignInReset(to, "https://x/invitation/ABC", when), []string{"\n\nhttps://x/invitation/ABC\n\n", "once", "3 days", "on 1 March 2026", "go on backing up", "passphrase"}},
		{mail.AppEnded(to, "https://x/invitation/ABC", when), []string{"\n\nhttps://x/invitation/ABC\n\n", "once", "3 days", "on 1 March 2026", "go on backing up"}},
		{mail.AppEnded(to, "", when), []string{"Sign in in another way"}},
		{mail.Refused(to, "not one of us"), []string{"not approved", "The reason given: not one of us"}},
		{mail.SecurityChange(to, "Your password was changed", "Firefox on Linux (192.0.2.7)", when),
			[]string{"Your password was changed on 1 March 2026 at 09:05 UTC from Firefox on Linux (192.0.2.7).", "If it was not"}},
		{mail.KeyReleased(to, "Root", "lost laptop", "192.0.2.1", when),
			[]string{"released to the administrator Root on 1 March 2026 at 09:05 UTC from 192.0.2.1", "The reason given: lost laptop"}},
		{mail.KeyReleased(to, "", "", "192.0.2.1", when), []string{"released to you on 1 March"}},
		{mail.RemovalStopped(to, "laptop", "of 9 months, 8", "nothing", "192.0.2.7", "r1", when), []string{"“laptop” was about to remove", "than usual on 1 March", "If it was you, all is well."}},
		{mail.RemovalStopped(to, mail.TheServer, "of 9 months, 8", "nothing", "", "r1", when),
			[]string{"Your institution's server was about to remove much more from your backup than usual, by the settings for versions on your computers, on 1 March", "If you did not choose these settings"}},
		{mail.Thinned(to, "3 old backups", "r1", when), []string{"It removed 3 old backups", "If you did not choose these settings"}},
		{mail.ComputerReplaced(to, "old", "new", "", when), []string{"“new” took the place of “old” on 1 March 2026 at 09:05 UTC. “old” does not back up any more."}},
		{mail.NewComputer(to, "laptop", "192.0.2.7", time.Time{}), []string{"“laptop” was added to your backup account from 192.0.2.7."}},
	} {
		if c.m.To != "ann@college.edu" || c.m.Subject == "" || !strings.HasPrefix(c.m.Text, "Hello Ann,\n\n") {
			t.Errorf("%+v", c.m)
		}
		for _, says := range c.says {
			if !strings.Contains(c.m.Text, says) {
				t.Errorf("%q does not say %q", c.m.Text, says)
			}
		}
	}
	if text := mail.Refused(mail.Person{Email: "ann@college.edu"}, "").Text; strings.Contains(text, "reason") || !strings.HasPrefix(text, "Hello,\n\n") {
		t.Errorf("%q", text)
	}
}

func TestWhatPeopleTypedStaysWithinItsLine(t *testing.T) {
	foreign := "x\r\nBcc: eve@example.org\r\n\r\nSign in at https://evil.example\u202e\x00\xff" + strings.Repeat("ü", 5000)
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		sink := mailtest.Sink(t)
		p := mail.New(db, options(sink), newClock().now)
		clean := letters("Ann", "x")
		for name, m := range letters(foreign, foreign) {
			send(t, p, nil, m)
			deliver(t, p, 1)
			arrived := sink.Letters()
			l := arrived[len(arrived)-1]
			if l.Header.Get("Bcc") != "" || strings.ContainsFunc(l.Subject, unicode.IsControl) || len(l.Subject) > 200 {
				t.Errorf("%s: %v", name, l.Header)
			}
			if got, want := strings.Count(l.Text, "\n"), strings.Count(clean[name].Text, "\n")+5; got != want {
				t.Errorf("%s has %d lines, not %d:\n%s", name, got, want, l.Text)
			}
			if len(l.Text) > 5000 || strings.Contains(l.Text, "\u202e") {
				t.Errorf("%s: %d bytes", name, len(l.Text))
			}
		}
		send(t, p, nil, mail.Message{To: letter.To, Subject: foreign, Text: foreign})
		deliver(t, p, 1)
		arrived := sink.Letters()
		if l := arrived[len(arrived)-1]; l.Header.Get("Bcc") != "" || len(l.Subject) > 150 {
			t.Errorf("%v", l.Header)
		}
	})
}
