package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"holdfast/engine"
	"holdfast/engine/account"
)

// anotherCertificate is the error about a server that shows another certificate than
// the one that was accepted: the institution renewed it, or somebody is in between.
// The fingerprint is not in it, because a person is to have it from the institution.
func anotherCertificate(op, address string, err error) error {
	return &engine.Error{Op: op, Kind: engine.KindCertificate, Path: address, Err: err,
		Message: fmt.Sprintf("The server at %s shows another certificate than before: your institution renewed it, or somebody is in between. Nothing was sent to it and nothing is lost; backing up waits. Compare the certificate on Home (in a terminal: holdfast sign-in %s), and it goes on by itself.", address, address)}
}

// explainOwn is explainServer for the server of this computer, whose certificate was
// accepted once.
func explainOwn(op string, where *destinationFile, err error) error {
	if _, ok := errors.AsType[*account.Untrusted](err); ok {
		return anotherCertificate(op, where.Address, err)
	}
	return explainServer(op, where.Address, err)
}

// explainGiven is explainServer for a server that a person signs in to, perhaps with a
// fingerprint: of a certificate before nobody knows.
func explainGiven(op, address string, err error) error {
	if _, ok := errors.AsType[*account.Changed](err); ok {
		return &engine.Error{Op: op, Kind: engine.KindUntrusted, Path: address, Err: err,
			Message: fmt.Sprintf("The server at %s shows another certificate than the one with the fingerprint that was given. Nothing was sent to it and nothing was changed. Compare the fingerprint with the one of your institution; when it is the same, somebody may be in between: tell your institution.", address)}
	}
	return explainServer(op, address, err)
}

// Certificate implements engine.Account.
func (a *Agent) Certificate(ctx context.Context) (engine.Certificate, error) {
	const op = "look at the certificate"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return engine.Certificate{}, err
	}
	defer end()
	where, err := a.atServer(op)
	if err != nil {
		return engine.Certificate{}, err
	}
	out := engine.Certificate{Address: where.Address, Accepted: where.Account.Fingerprint}
	out.Shown, err = shownBy(ctx, where)
	return out, explainServer(op, where.Address, err)
}

// atServer is the destination when it is an account.
func (a *Agent) atServer(op string) (*destinationFile, error) {
	_, where, err := a.connected(op)
	if err != nil {
		return nil, err
	}
	if where.Account == nil {
		return nil, invalid(op, where.Address, "Files are kept in a folder, which shows no certificate. Nothing was changed.")
	}
	return where, nil
}

// shownBy is the fingerprint of the certificate that the server shows; "" is one that
// the system trusts where that was enough before.
func shownBy(ctx context.Context, where *destinationFile) (string, error) {
	server, err := account.Find(ctx, where.Address, where.Account.Fingerprint)
	if changed, ok := errors.AsType[*account.Changed](err); ok {
		return changed.Fingerprint, nil
	}
	if untrusted, ok := errors.AsType[*account.Untrusted](err); ok {
		return untrusted.Fingerprint, nil
	}
	if err != nil {
		return "", err
	}
	server.Close()
	return where.Account.Fingerprint, nil
}

// AcceptCertificate implements engine.Account. The credential of this computer is sent
// to the server by what comes after, and not before the fingerprint is noted.
func (a *Agent) AcceptCertificate(ctx context.Context, fingerprint string) error {
	const op = "accept the certificate"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return err
	}
	defer end()
	where, err := a.atServer(op)
	if err != nil {
		return err
	}
	pin, err := acceptable(ctx, op, where, fingerprint)
	if err != nil {
		return err
	}
	if err := a.notePin(ctx, op, where, pin); err != nil {
		return err
	}
	a.forgiven()
	a.event(engine.ToneOK, "settings", "A new certificate of %s was accepted, with the fingerprint that you typed.", where.Account.Name)
	a.setUpNow()
	a.jobs.goOn()
	a.notices.tell(engine.TopicFiles)
	return nil
}

// acceptable finds the server that this computer signed in to under the fingerprint that
// a person typed, and gives what to note of it. Of a certificate that the system trusts
// by itself nothing is noted, so that its next renewal stops nobody; that is decided on
// the one connection that was compared, and not on another, which may go elsewhere.
func acceptable(ctx context.Context, op string, where *destinationFile, typed string) (pin string, err error) {
	if strings.TrimSpace(typed) == "" {
		return "", explainServer(op, where.Address, account.ErrFingerprint)
	}
	server, err := account.Find(ctx, where.Address, typed)
	if _, ok := errors.AsType[*account.Changed](err); ok {
		return "", notTheTyped(op, where.Address, err)
	}
	if err != nil {
		return "", explainServer(op, where.Address, err)
	}
	defer server.Close()
	if server.Info().ID != where.Account.Server {
		return "", anotherServer(op, where)
	}
	if server.NeedsPin() {
		pin = server.Info().Fingerprint
	}
	return pin, nil
}

func notTheTyped(op, address string, err error) error {
	return &engine.Error{Op: op, Kind: engine.KindUntrusted, Path: address, Err: err,
		Message: "The server shows another certificate than the one whose fingerprint you typed. Nothing was sent to it and nothing is lost. Look for a typing mistake; when there is none, somebody may be in between: tell your institution."}
}

// notePin notes the certificate to accept from now on. Whoever opens the destination
// meanwhile waits, and then does it by the new note.
func (a *Agent) notePin(ctx context.Context, op string, where *destinationFile, pin string) error {
	noted, err := a.toOpen(ctx, op)
	if err != nil {
		return err
	}
	defer noted()
	next, note := *where, *where.Account
	note.Fingerprint = pin
	next.Account = &note
	a.mu.Lock() // also while it is written: who disconnects says so before he removes the note
	if a.where != where || a.leaving {
		a.mu.Unlock()
		return invalid(op, where.Address, "This computer was signed in or disconnected meanwhile. Nothing was changed; look at Home how it stands.")
	}
	if err := a.home.write("destination.json", next); err != nil {
		a.mu.Unlock()
		return explain(op, where.Address, err)
	}
	a.where, a.shut, a.others = &next, nil, others{}
	signing := a.signing
	a.signing = nil
	a.mu.Unlock()
	if signing != nil {
		signing.end() // it was begun with the server as it was
	}
	return a.dropRepository()
}
