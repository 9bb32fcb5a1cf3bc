package api

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/escrow"
	"holdfast/engine/server/people"
	"holdfast/engine/server/session"
	"holdfast/engine/server/store"
)

// handle is what a route does.
type handle = func(w http.ResponseWriter, r *http.Request, c access.Caller) error

// formLimit bounds the forms of sign-in, in bytes.
const formLimit = 16 << 10

// problem makes one with a code that is stable.
func problem(status int, code, message string) access.Problem {
	return access.Problem{Status: status, Code: code, Message: message}
}

func badRequest(message string) access.Problem {
	return problem(http.StatusBadRequest, "bad_request", message)
}

var errNothing = problem(http.StatusNotFound, "not_found", "There is no such thing in this account.")

// told is the problem that an error of the services is told as; what is not known
// stays as it is, for package access.
func told(err error) error {
	if err == nil {
		return nil
	}
	for _, k := range known {
		if errors.Is(err, k.err) {
			p := k.problem
			p.Err = err
			if p.Message == "" {
				p.Message = sentence(err)
			}
			return p
		}
	}
	return err
}

// known are the errors of the services. An empty message is the error's own.
var known = []struct {
	err     error
	problem access.Problem
}{
	{computers.ErrSeats, problem(http.StatusConflict, "seat_limit", "")},
	{computers.ErrLentLimit, problem(http.StatusConflict, "lent_limit", "")},
	{computers.ErrLentOver, problem(http.StatusForbidden, "lent_over", access.LentOver)},
	{computers.ErrNoInstitution, problem(http.StatusConflict, "institution_computer_missing", "A personal computer is accepted only while a computer of the institution backs up to this account. Add that one first; nothing was changed.")},
	{computers.ErrInstitutionNetwork, problem(http.StatusForbidden, "institution_network", "A personal computer does not upload from a network of the institution. It goes on by itself from elsewhere.")},
	{computers.ErrBlocked, problem(http.StatusForbidden, "blocked", "An administrator has blocked this computer, so it cannot be signed in or replaced. Its files are kept. Ask your administrators.")},
	{computers.ErrRemoved, problem(http.StatusForbidden, "removed", "This computer was removed. Bring it back first, on the page of your computers.")},
	{computers.ErrReplaced, problem(http.StatusForbidden, "replaced", "Another computer has taken this computer's place, so it cannot sign in to it again. Add it as a computer of its own.")},
	{computers.ErrNotFound, problem(http.StatusNotFound, "not_found", "This account has no such computer.")},
	{computers.ErrInvalid, problem(http.StatusBadRequest, "bad_request", "")},
	{people.ErrInvalid, problem(http.StatusBadRequest, "bad_request", "")},
	{people.ErrNotFound, problem(http.StatusNotFound, "not_found", "There is no such person or request.")},
	{people.ErrTaken, problem(http.StatusConflict, "conflict", "This e-mail address has an account already.")},
	{people.ErrLastOwner, problem(http.StatusConflict, "conflict", "This is the last owner. Make somebody else an owner first.")},
	{people.ErrInvited, problem(http.StatusConflict, "conflict", "This person has not signed in yet, and the invitation went to the address there is. End the account and invite the new address.")},
	{people.ErrNotYet, problem(http.StatusConflict, "conflict", "This person was invited and has not come yet, so nothing was changed. To take the invitation back, remove the person; to send it again, invite them again.")},
	{people.ErrBlocked, problem(http.StatusConflict, "conflict", "This person is blocked, so nothing was changed. Let them sign in again first.")},
	{people.ErrEnded, problem(http.StatusConflict, "conflict", "This account was ended, so nothing was changed. Invite the person anew to give them another one.")},
	{people.ErrState, problem(http.StatusConflict, "conflict", "This was decided or ended already. Look at it again.")},
	{session.ErrNone, problem(http.StatusNotFound, "not_found", "There is no such session; it may be over.")},
	{store.ErrRemoving, problem(http.StatusConflict, "conflict", "Another removal of this account is open now. Wait until it has ended, or end it first.")},
	{store.ErrNotFound, problem(http.StatusNotFound, "not_found", "There is no such file.")},
	{escrow.ErrNotFound, problem(http.StatusNotFound, "not_found", "The institution keeps no key of this account. The passphrase or the recovery code opens the files.")},
	{escrow.ErrAway, problem(http.StatusServiceUnavailable, "internal", "The institution's key store does not answer just now, so nothing about keys can be done for the moment. The files are safe, and backup goes on. Try again in a while; if it stays, tell your administrators.")},
	{escrow.ErrKept, problem(http.StatusConflict, "exists", "The institution keeps a key of this account already. Nothing was changed.")},
	{escrow.ErrReason, problem(http.StatusBadRequest, "bad_request", "Say why the key is needed. The reason is kept and told to the person.")},
	{escrow.ErrSecret, problem(http.StatusBadRequest, "bad_request", "This cannot be kept as a key: it is empty, too long, or does not say which key file it opens.")},
}

// sentence is an error's text as a person reads it.
func sentence(err error) string {
	s := err.Error()
	return strings.ToUpper(s[:1]) + strings.TrimSuffix(s[1:], ".") + "."
}

// read decodes the JSON of a request. An empty body is taken where every field may
// be left out.
func read(r *http.Request, in any, mayBeEmpty bool) error {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if mayBeEmpty && len(b) == 0 {
		return nil
	}
	if err := json.Unmarshal(b, in); err != nil {
		return badRequest("The request is not the JSON that the server expects here.") // the error may hold a secret
	}
	return nil
}

func reply(w http.ResponseWriter, status int, out any) error {
	b, err := json.Marshal(out)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(b)
	return err
}

func done(w http.ResponseWriter) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// idOf is the id in the path; what cannot be one does not exist.
func idOf(r *http.Request) (string, error) {
	id := r.PathValue("id")
	if len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" {
		return "", errNothing
	}
	return id, nil
}

// moment leaves out what never was.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
