package web

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/server/audit"
	"holdfast/engine/server/limit"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/people"
	"holdfast/engine/server/session"
)

// way is how somebody proves who they are, as the log names it.
type way string

const (
	byPassword        way = "password" // the first of two steps, and never enough
	byApp             way = "password_totp"
	byPasswordPasskey way = "password_passkey"
	byRecoveryCode    way = "recovery_code" // after a password
	byPasskey         way = "passkey"
	byProvider        way = "provider"
)

// tell is the step that writes down what weakens security, and writes to the person. It
// is best the last one: it holds the end of the log.
func (s *site) tell(c access.Caller, p people.Person, action, target, what string) step {
	return func(ctx context.Context) error {
		err := s.Audit.Record(ctx, nil, audit.Entry{Actor: p.ID, Action: action, Target: target, Person: p.ID, Address: c.Address.String()})
		if err != nil {
			return err
		}
		to := mail.Person{Email: p.Email, Name: p.Name}
		return s.Mail.Send(ctx, nil, mail.SecurityChange(to, what, c.Address.String(), s.Now()))
	}
}

// noteSession writes down what became of a session: of which place, and from where.
func (s *site) noteSession(ctx context.Context, c access.Caller, action string, one session.Session) error {
	return s.Audit.Record(ctx, nil, audit.Entry{Actor: one.Person, Action: action, Target: one.ID, Person: one.Person, Reason: one.Name, Address: c.Address.String()})
}

// failures keeps sign-ins that did not succeed from flooding the log: of each way a few
// from one address, and not many from all together, are entries of their own. The next
// entry tells how many were only counted.
type failures struct {
	near, far *limit.Limiter
	counted   atomic.Int64
}

func newFailures(keys int, now func() time.Time) *failures {
	return &failures{near: limit.New(5, 10*time.Minute, keys, now), far: limit.New(60, 5*time.Minute, keys, now)}
}

// failed writes down that somebody could not prove who they are. What was typed as a name
// is not written down, it may be a password; person is "" when it is nobody's, and all else
// is the same then, so that neither the answer nor the time it takes tells which names
// are known.
func (s *site) failed(ctx context.Context, c access.Caller, person string, by way) error {
	f := s.failures
	near, _ := f.near.Allow(keyOf(c) + " " + string(by))
	if near {
		near, _ = f.far.Allow(string(by))
	}
	if !near {
		f.counted.Add(1)
		return nil
	}
	reason, before := "", f.counted.Swap(0)
	if before > 0 {
		reason = fmt.Sprintf("and %d before it that are not in the log", before)
	}
	err := s.Audit.Record(ctx, nil, audit.Entry{Actor: "visitor", Action: "sign_in_failed." + string(by), Person: person, Reason: reason, Address: c.Address.String()})
	if err != nil {
		f.counted.Add(before + 1)
	}
	return err
}

// not is failed for what is answered with a problem.
func (s *site) not(r *http.Request, c access.Caller, person string, by way, problem error) error {
	if err := s.failed(r.Context(), c, person, by); err != nil {
		return err
	}
	return problem
}
