package agent

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"holdfast/engine"
	"holdfast/engine/account"
)

// signIn is a sign-in that waits for the person, or is done. One at a time: a new one
// ends the one before.
type signIn struct {
	id       string
	email    string
	computer string // name of this computer
	device   string // the id it takes when it is a new one
	server   *account.Server
	cancel   context.CancelFunc
	done     chan struct{} // closed when session and err are set
	session  *account.Session
	err      error
	// seat is what Join took already, so that a second try takes no second one.
	seat *seat
}

// seat is this computer in the account.
type seat struct {
	computer   account.Computer
	credential string
}

// FindServer implements engine.Account.
func (a *Agent) FindServer(ctx context.Context, address string) (engine.Server, error) {
	const op = "find the server"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return engine.Server{}, err
	}
	defer end()
	server, err := account.Find(ctx, address, "")
	if u, ok := errors.AsType[*account.Untrusted](err); ok {
		if server, err = account.Find(ctx, address, u.Fingerprint); err == nil {
			found := serverOf(server)
			found.Trusted = false
			return found, nil
		}
	}
	if err != nil {
		return engine.Server{}, explainServer(op, address, err)
	}
	return serverOf(server), nil
}

func serverOf(s *account.Server) engine.Server {
	info := s.Info()
	return engine.Server{Address: info.Origin, Name: info.Name, Provider: info.Provider, Fingerprint: info.Fingerprint, Trusted: info.Fingerprint == ""}
}

// SignIn implements engine.Account.
func (a *Agent) SignIn(ctx context.Context, q engine.SignInRequest) (engine.SignIn, error) {
	const op = "sign in"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return engine.SignIn{}, err
	}
	defer end()
	explained := func(err error) error { return explainGiven(op, q.Address, err) }
	if q.Address == "" { // again to the server of this computer, by what is known of it
		_, where, err := a.connected(op)
		if err != nil {
			return engine.SignIn{}, err
		}
		explained = func(err error) error { return explainOwn(op, where, err) }
		if where.Account == nil {
			return engine.SignIn{}, invalid(op, "", "Files are kept in a folder, which needs no sign-in. Nothing was changed.")
		}
		q.Address, q.Fingerprint, q.Email = where.Address, where.Account.Fingerprint, where.Account.Email
	}
	server, err := account.FindAgain(ctx, q.Address, q.Fingerprint)
	if err != nil {
		return engine.SignIn{}, explained(err)
	}
	s := &signIn{id: newID(), email: q.Email, computer: q.Computer, device: newID(), server: server, done: make(chan struct{})}
	if s.computer == "" {
		s.computer = hostName()
	}
	shown := make(chan engine.SignIn, 1)
	ways, cancel := context.WithCancel(a.ctx)
	s.cancel = cancel
	a.mu.Lock()
	before := a.signing
	a.signing = s
	a.mu.Unlock()
	if before != nil {
		before.end()
	}
	a.tasks.Go(func() {
		defer cancel()
		defer close(s.done)
		s.session, s.err = s.run(ways, q.ByCode, shown)
	})
	select {
	case out := <-shown:
		return out, nil
	case <-s.done:
		return engine.SignIn{}, explained(s.err)
	case <-ctx.Done():
		cancel()
		return engine.SignIn{}, explain(op, q.Address, ctx.Err())
	}
}

// end is for a sign-in that nobody waits for or uses any more.
func (s *signIn) end() {
	s.cancel()
	s.server.Close()
}

// run is the sign-in itself; what the person needs to go on with it goes to shown.
func (s *signIn) run(ctx context.Context, byCode bool, shown chan<- engine.SignIn) (*account.Session, error) {
	if byCode {
		return s.server.SignInByCode(ctx, s.computer, func(c account.Code) {
			shown <- engine.SignIn{ID: s.id, URL: c.URI, Code: c.UserCode, Expires: c.Expires}
		})
	}
	return s.server.SignIn(ctx, account.SignIn{Name: s.computer, Email: s.email, Open: func(url string) error {
		shown <- engine.SignIn{ID: s.id, URL: url, Expires: time.Now().Add(signInTime)}
		return nil
	}})
}

// signInTime is how long a browser may take.
const signInTime = 10 * time.Minute

// signedIn waits for the sign-in of an id.
func (a *Agent) signedIn(ctx context.Context, op, id string) (*signIn, error) {
	a.mu.Lock()
	s := a.signing
	a.mu.Unlock()
	if s == nil || s.id != id {
		return nil, &engine.Error{Op: op, Kind: engine.KindSignIn,
			Message: "This sign-in is over. Nothing was changed. Sign in again."}
	}
	select {
	case <-s.done:
	case <-ctx.Done():
		return nil, explain(op, s.server.Info().Origin, ctx.Err())
	}
	if s.err != nil {
		return nil, explainServer(op, s.server.Info().Origin, s.err)
	}
	return s, nil
}

// WaitSignIn implements engine.Account.
func (a *Agent) WaitSignIn(ctx context.Context, id string) (engine.SignedIn, error) {
	const op = "sign in"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return engine.SignedIn{}, err
	}
	defer end()
	s, err := a.signedIn(ctx, op, id)
	if err != nil {
		return engine.SignedIn{}, err
	}
	origin := s.server.Info().Origin
	info, err := s.session.Account(ctx)
	if err != nil {
		return engine.SignedIn{}, explainServer(op, origin, err)
	}
	list, err := s.session.Computers(ctx)
	if err != nil {
		return engine.SignedIn{}, explainServer(op, origin, err)
	}
	out := engine.SignedIn{
		ID: id, Server: serverOf(s.server), Email: info.Person.Email, Name: info.Person.Name,
		Seats: info.Seats.Limit, SeatsUsed: info.Seats.Used,
		NeedSecret: info.Repository && info.Key.Mode != keptStandard,
	}
	for _, c := range list {
		if c.State != stateRemoved {
			out.Computers = append(out.Computers, computerOf(c))
		}
	}
	return out, nil
}

// CancelSignIn implements engine.Account.
func (a *Agent) CancelSignIn(_ context.Context, id string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.signing != nil && a.signing.id == id {
		a.signing.end()
		a.signing = nil
	}
	return nil
}

// Words of the server's interface.
const (
	keptStandard    = "standard"
	stateRemoved    = "removed"
	stateReplacing  = "replacing"
	stateSignedOut  = "deauthorized"
	wordSignedOut   = "signed out"
	accountSentence = "Your files on this computer are not affected, and what is stored is safe"
)

// computerOf is a computer of the account as the window shows it.
func computerOf(c account.Computer) engine.Computer {
	out := engine.Computer{
		ID: c.ID, Name: c.Name, LastBackup: c.LastBackup, Stored: engine.Amount{Files: c.Files, Bytes: c.Bytes},
		Owner: c.Owner, Asset: c.Asset, State: c.State, Seen: c.Seen,
	}
	if c.Lent && c.State != stateRemoved {
		out.State = stateReplacing
	}
	if out.State == stateSignedOut {
		out.State = wordSignedOut
	}
	return out
}

// explainServer turns what goes wrong between this computer and a server into the
// one error that a person reads.
func explainServer(op, address string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*engine.Error](err); ok {
		return e
	}
	e := &engine.Error{Op: op, Path: address, Err: err}
	if refused, ok := errors.AsType[*account.Refusal](err); ok {
		e.Kind, e.Message = refusal(wordsOf(refused))
		return e
	}
	if _, ok := errors.AsType[*account.Changed](err); ok {
		return anotherCertificate(op, address, err)
	}
	if untrusted, ok := errors.AsType[*account.Untrusted](err); ok {
		e.Kind = engine.KindUntrusted
		e.Message = fmt.Sprintf("The certificate of the server at %s is signed by nobody whom this computer knows (%s). Nothing was sent. Compare it with the one that your institution gave you, and accept it only when it is the same.", address, short(untrusted.Fingerprint))
		return e
	}
	switch {
	case errors.Is(err, context.Canceled):
		e.Kind, e.Message = engine.KindCancelled, "The sign-in was cancelled. Nothing was changed."
	case errors.Is(err, account.ErrTimeout):
		e.Kind, e.Message = engine.KindSignIn, "Nobody finished signing in in time. Nothing was changed. Sign in again."
	case errors.Is(err, account.ErrFingerprint):
		e.Kind = engine.KindInvalid
		e.Message = "This is not the fingerprint of a certificate. Nothing was sent. Type its SHA-256 as your institution gave it: 64 digits from 0 to 9 and a to f, in groups or not."
	case errors.Is(err, account.ErrAddress):
		e.Kind = engine.KindInvalid
		e.Message = "This is not the address of a server. Nothing was sent. Type it as your institution gave it, such as backup.college.edu; it has no @ and does not begin with http:."
	case errors.Is(err, account.ErrCertificate):
		e.Kind = engine.KindStranger
		e.Message = fmt.Sprintf("The certificate of the server at %s is for another name, or its time is over, so nothing was sent. %s; backing up waits. Check the address and the clock of this computer, and tell your institution.", address, accountSentence)
	case errors.Is(err, account.ErrNotHoldfast):
		e.Kind = engine.KindStranger
		e.Message = fmt.Sprintf("What answers at %s is not a Holdfast server. Nothing was sent. Check the address; your institution knows it.", address)
	default:
		e.Kind = engine.KindUnreachable
		e.Message = fmt.Sprintf("The server at %s does not answer. %s. Check the address and the network; what waits goes on by itself.", address, accountSentence)
	}
	return e
}

// short is a fingerprint that a person can compare.
func short(fingerprint string) string {
	out := ""
	for i := 0; i+4 <= len(fingerprint) && i < 64; i += 4 {
		if out != "" {
			out += " "
		}
		out += fingerprint[i : i+4]
	}
	return out
}

// refusal gives the server's no a kind and a sentence; a code that is not known here
// keeps the server's own words.
func refusal(code, message string) (engine.Kind, string) {
	if r, ok := refusals[code]; ok {
		return r.kind, r.text
	}
	if message == "" {
		message = "The server refused this and gave no reason."
	}
	if code == codeInternal {
		return engine.KindUnreachable, message
	}
	return engine.KindRefused, message
}

// codeInternal is no refusal: the server, or what it needs, is in trouble, and says so
// in its own words.
const codeInternal = "internal"

// wordsOf are the code and the message of a refusal. An answer about trouble has none
// where it may have no body (to HEAD), or where something before the server gave it.
func wordsOf(r *account.Refusal) (code, message string) {
	if r.Status >= http.StatusInternalServerError && r.Code == "" {
		return codeInternal, "The server cannot do this just now, because something that it needs does not answer. What is stored is safe; what waits goes on by itself. If it stays, tell your institution."
	}
	return r.Code, r.Message
}

var refusals = map[string]struct {
	kind engine.Kind
	text string
}{
	"unknown_computer":             {engine.KindSignIn, "The server does not know this computer any more. What is stored is safe; backing up waits. Sign in again, and it goes on from where it was."},
	"unauthenticated":              {engine.KindSignIn, "The sign-in has run out. What is stored is safe; backing up waits. Sign in again, and it goes on from where it was."},
	"deauthorized":                 {engine.KindSignIn, "This computer was signed out of its account. What is stored is safe; backing up waits. Sign in again, and it goes on from where it was."},
	"removed":                      {engine.KindRefused, "This computer was removed from its account, so nothing more is backed up. What it stored stays for 60 days. Bring it back on the page of your computers and sign in again; or, to begin as a new computer, disconnect in Settings (in a terminal: holdfast sign-out) and sign in."},
	"lent_over":                    {engine.KindRefused, "The 30 days are over in which this computer could take another one's place, or another computer was let in for that, so nothing more is backed up. Its files are safe: what it stored stays for 60 days. Finish Replace Device (in a terminal: holdfast replace), and it goes on in that place. To keep both computers, remove one that you do not use any more or ask your institution for another seat; then bring this one back on the page of your computers."},
	"replaced":                     {engine.KindReplaced, "Another computer took the place of this one in its account, so this one has stopped backing up. Its files are in the backup and can be got back on the new computer. To back up this computer too, disconnect in Settings and sign in as a new one."},
	"blocked":                      {engine.KindRefused, "Your institution blocked this computer: it goes on backing up, but no files can be got back on it and no settings changed. Ask your institution."},
	"fresh_sign_in_needed":         {engine.KindFresh, "This needs a sign-in of the last minutes, so that nobody else can do it in your name. Nothing was changed. Sign in again and repeat it."},
	"removal_over":                 {engine.KindRefused, "The time for removing old versions ran out, or your institution ended it, before all of it was done. Nothing is lost: what was removed can be brought back by your institution for 30 days. Repeat it, and it goes on from there."},
	"removal_frozen":               {engine.KindRefused, "Much more would be removed from your backup than usual, so the server stopped it. Nothing is lost: what was removed can be brought back by your institution for 30 days, and backing up goes on. Your institution was told; when it has let this go on, repeat it."},
	"seat_limit":                   {engine.KindRefused, "Your account has as many computers as it may have. Nothing was changed. Replace one of them, or remove one that you do not use any more."},
	"institution_computer_missing": {engine.KindRefused, "A personal computer is backed up only while a computer of the institution in the same account is. What is stored is safe; backing up waits. Back up your institution's computer first, and it goes on by itself."},
	"institution_network":          {engine.KindRefused, "This is a personal computer on the institution's own network, where it may not upload. What is stored is safe; backing up waits and goes on by itself on another network."},
	"quota":                        {engine.KindFull, "Your account is full. What is stored is safe and can be got back; new changes wait. Choose less in Manage Files, or ask your institution for more room."},
	"full":                         {engine.KindFull, "The server has no space left. What is stored is safe and can be got back; new changes wait and go on by themselves. Your institution has to make room."},
	"rate_limited":                 {engine.KindUnreachable, "The server has too much to do just now. What is stored is safe; Holdfast tries again by itself in a while."},
}
