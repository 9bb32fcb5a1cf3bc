package engine

import (
	"errors"
	"fmt"
)

// Kind sorts errors by what a person can do about them.
type Kind string

const (
	KindOther       Kind = "other"
	KindNotSetUp    Kind = "not set up"   // no destination is connected
	KindSecret      Kind = "wrong secret" // password or recovery code does not open it
	KindNotEmpty    Kind = "not empty"    // a folder with other things in it
	KindNotRepo     Kind = "not a backup" // no repository there
	KindTooNew      Kind = "newer format" // written by a newer program
	KindUnreachable Kind = "unreachable"  // the destination vanished or does not answer
	KindReadOnly    Kind = "read-only"    // nothing can be written there
	KindFull        Kind = "full"         // no space left
	KindDenied      Kind = "denied"       // no permission
	KindDamaged     Kind = "damaged"      // stored bytes are wrong or missing
	KindBusy        Kind = "busy"         // another program holds an exclusive lock
	KindNotFound    Kind = "not found"    // no such path, version, job
	KindInvalid     Kind = "invalid"      // the request makes no sense
	KindSignIn      Kind = "sign in"      // the server wants the person to sign in (again)
	KindFresh       Kind = "fresh"        // the act wants a sign-in of the last minutes; nothing was changed
	KindReplaced    Kind = "replaced"     // another computer took this one's place
	KindRefused     Kind = "refused"      // the server's rules do not allow it
	KindStranger    Kind = "stranger"     // another server answers at the address
	KindCertificate Kind = "certificate"  // this computer's server shows another certificate than the accepted one
	KindUntrusted   Kind = "untrusted"    // the server's certificate is signed by nobody known
	KindCancelled   Kind = "cancelled"
)

// Error is the one error that crosses the engine's edge. Message is a whole
// sentence or two for a person: what happened, what it means for the files and
// what to do. Err is the cause for logs; it never holds a secret.
type Error struct {
	Op      string // the operation, as in "back up"
	Kind    Kind
	Path    string // the file or address it is about, may be empty
	Message string
	Err     error
}

func (e *Error) Error() string {
	if e.Message != "" {
		return e.Message
	}
	s := e.Op
	if e.Path != "" {
		s += " " + e.Path
	}
	if e.Err != nil {
		return fmt.Sprintf("%s: %v", s, e.Err)
	}
	return fmt.Sprintf("%s: %s", s, e.Kind)
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf finds the kind of an error, KindOther for one that has none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return KindOther
}
