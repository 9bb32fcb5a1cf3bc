package signin

import (
	"context"
	"fmt"
	"strings"

	"holdfast/engine"
	"holdfast/ui/desktop/codepage"
	"holdfast/ui/desktop/look"
)

// Way is how this computer comes to an account.
type Way int

const (
	WayNew     Way = iota // Add New Device
	WayReplace            // Replace Existing
)

// Account is what the steps of signing in to a server show.
type Account struct {
	Email    string
	Address  string // of the server, as typed
	Asking   bool   // an answer is on its way
	Err      error
	Found    engine.Server
	Compared bool          // the certificate was compared
	Begun    engine.SignIn // waits for the person
	In       engine.SignedIn
	Way      Way
	Replace  int // which of replaceable; -1: none yet
	Personal bool
}

// replaceable are the computers whose place this one can take.
func (a Account) replaceable() []engine.Computer {
	var list []engine.Computer
	for _, c := range a.In.Computers {
		if !c.This && c.State != "blocked" && c.State != "replacing" {
			list = append(list, c)
		}
	}
	return list
}

// full says why no new computer can be added, "" when one can.
func (a Account) full() string {
	if a.In.Seats == 0 || a.In.SeatsUsed < a.In.Seats {
		return ""
	}
	return fmt.Sprintf("All %d seats of your account are taken. Replace a computer that you do not use any more.", a.In.Seats)
}

// seats is the line about seats.
func (a Account) seats() string {
	if a.In.Seats == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d seats of your account are used.", a.In.SeatsUsed, a.In.Seats)
}

// described is the second line of a computer that can be replaced.
func (s *Screen) described(c engine.Computer) string {
	var parts []string
	if !c.Seen.IsZero() {
		parts = append(parts, "last seen "+look.Ago(c.Seen, s.deps.Now()))
	}
	if c.LastBackup.IsZero() {
		parts = append(parts, "nothing backed up yet")
	} else {
		parts = append(parts, "last backup "+look.Ago(c.LastBackup, s.deps.Now()))
	}
	if c.Stored.Bytes > 0 {
		parts = append(parts, look.Bytes(c.Stored.Bytes))
	}
	switch c.Owner {
	case engine.OwnerInstitution:
		parts = append(parts, "institution")
	case engine.OwnerPersonal:
		parts = append(parts, "personal")
	}
	return strings.Join(parts, " · ")
}

// joinable says whether the last step is complete.
func (a Account) joinable() bool {
	if a.Way == WayReplace {
		return a.Replace >= 0 && a.Replace < len(a.replaceable())
	}
	return a.full() == ""
}

// change draws the account's part anew.
func (s *Screen) change(edit func(*Account)) {
	next := s.state
	edit(&next.Account)
	s.draw(next)
}

// typed notes the two fields of the first step.
func (s *Screen) typed() {
	s.change(func(a *Account) {
		a.Email, a.Address, a.Err = strings.TrimSpace(s.view.email.Text), strings.TrimSpace(s.view.server.Text), nil
	})
}

// findServer is Continue on the first step.
func (s *Screen) findServer() {
	a := s.state.Account
	if a.Asking || a.Email == "" || a.Address == "" {
		return
	}
	s.change(func(a *Account) { a.Asking, a.Err = true, nil })
	s.desk.Ask(&s.account, func(ctx context.Context) func() {
		found, err := s.deps.Engine.FindServer(ctx, a.Address)
		return func() {
			next := s.state
			next.Account.Asking, next.Account.Found, next.Account.Err, next.Account.Compared = false, found, err, false
			if err == nil && !found.Trusted {
				next.Step = StepServer
			}
			s.draw(next)
			if err == nil && found.Trusted {
				s.signIn(false)
			}
		}
	})
}

// signIn begins a sign-in: in the browser, or with a code.
func (s *Screen) signIn(byCode bool) {
	a := s.state.Account
	request := engine.SignInRequest{Address: a.Found.Address, Fingerprint: a.Found.Fingerprint, Email: a.Email, Computer: s.deps.Computer, ByCode: byCode}
	s.change(func(a *Account) { a.Asking, a.Err = true, nil })
	s.desk.Ask(&s.account, func(ctx context.Context) func() {
		begun, err := s.deps.Engine.SignIn(ctx, request)
		return func() {
			next := s.state
			next.Account.Asking, next.Account.Begun, next.Account.Err = false, begun, err
			if err == nil {
				next.Step = StepBrowser
			}
			s.draw(next)
			if err != nil {
				return
			}
			if !byCode {
				s.openBrowser()
			}
			s.waitSignIn(begun.ID)
		}
	})
}

// openBrowser shows the server's page to the person.
func (s *Screen) openBrowser() {
	if s.deps.OpenURL == nil {
		return
	}
	if err := s.deps.OpenURL(s.state.Account.Begun.URL); err != nil {
		s.change(func(a *Account) {
			a.Err = &engine.Error{Op: "open the browser", Message: "The browser could not be opened. Copy the address and open it yourself, or use a code on another device.", Err: err}
		})
	}
}

func (s *Screen) waitSignIn(id string) {
	s.desk.Ask(&s.account, func(ctx context.Context) func() {
		in, err := s.deps.Engine.WaitSignIn(ctx, id)
		return func() {
			next := s.state
			next.Account.Err = err
			if err != nil {
				next.Step = StepStart
				s.draw(next)
				return
			}
			next.Step = StepJoin
			next.Account.In, next.Account.Way, next.Account.Replace = in, WayNew, -1
			if next.Account.full() != "" {
				next.Account.Way = WayReplace
			}
			s.draw(next)
			if s.deps.Raise != nil {
				s.deps.Raise() // the browser lies over it
			}
		}
	})
}

// cancelSignIn goes back to the first step.
func (s *Screen) cancelSignIn() {
	id := s.state.Account.Begun.ID
	s.account.Void()
	next := s.state
	next.Step, next.Account = StepStart, Account{Email: next.Account.Email, Address: next.Account.Address}
	s.draw(next)
	if id != "" {
		s.desk.Once(func(ctx context.Context) func() {
			err := s.deps.Engine.CancelSignIn(ctx, id)
			return func() {
				if err != nil {
					s.change(func(a *Account) { a.Err = err })
				}
			}
		})
	}
}

// join is the last step's Continue.
func (s *Screen) join() {
	a := s.state.Account
	if a.Asking || !a.joinable() {
		return
	}
	request := engine.JoinRequest{SignIn: a.In.ID, Computer: strings.TrimSpace(s.view.name.Text), Asset: strings.TrimSpace(s.view.asset.Text), Owner: engine.OwnerInstitution}
	if a.Personal {
		request.Owner = engine.OwnerPersonal
	}
	if a.Way == WayReplace {
		request.Begin = a.replaceable()[a.Replace].ID // the wizard goes on from there
	}
	if a.In.NeedSecret {
		request.Secret = s.view.accountSecret.Text
	}
	s.change(func(a *Account) { a.Asking, a.Err = true, nil })
	s.desk.Once(func(ctx context.Context) func() {
		connected, err := s.deps.Engine.Join(ctx, request)
		return func() {
			s.change(func(a *Account) { a.Asking, a.Err = false, err })
			if err == nil {
				s.view.accountSecret.SetText("")
				s.connected(connected, codepage.Of{Computer: or(request.Computer, s.deps.Computer), Address: a.In.Server.Address}, nil)
				if request.Begin != "" && s.state.Step == StepOpened {
					s.done() // what is there is shown while it is replaced
				}
			}
		}
	})
}
