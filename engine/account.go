package engine

import (
	"context"
	"time"
)

// Account connects this computer with an account on an institution's server. The
// way is: FindServer, SignIn, the person goes on in the browser, WaitSignIn, Join.
type Account interface {
	// FindServer asks who answers at an address. A certificate that nobody known
	// has signed comes back with Server.Fingerprint and Trusted false: the person
	// compares it, and it is given to SignIn, which then accepts that one alone.
	FindServer(ctx context.Context, address string) (Server, error)
	// SignIn begins a sign-in and returns as soon as the person can go on with it:
	// at SignIn.URL in the browser of this computer, or with SignIn.Code anywhere.
	// Nothing is connected by it. A new one ends the one before.
	SignIn(ctx context.Context, request SignInRequest) (SignIn, error)
	// WaitSignIn returns when the person is signed in, or refused, or the time is up.
	WaitSignIn(ctx context.Context, id string) (SignedIn, error)
	// CancelSignIn ends a sign-in that is not wanted any more.
	CancelSignIn(ctx context.Context, id string) error
	// Join makes this computer one of the account, and backing up begins. A
	// computer that the account has already signs in again by it, without request.
	Join(ctx context.Context, request JoinRequest) (Connected, error)
	// Certificate asks the server of this computer which certificate it shows. Nothing
	// about this computer or its person is sent.
	Certificate(ctx context.Context) (Certificate, error)
	// AcceptCertificate goes on with a server that shows another certificate than the
	// accepted one: the fingerprint is the one that the institution told the person.
	// Only a server that shows it and is the one that this computer signed in to is
	// accepted; then backing up goes on without a new sign-in. It is idempotent.
	AcceptCertificate(ctx context.Context, fingerprint string) error
}

// Certificate is how the server of this computer shows who it is, now and when it was
// accepted.
type Certificate struct {
	Address  string // of the server
	Accepted string // SHA-256 of the only one that is taken; "": whatever the system trusts
	Shown    string // SHA-256 of the one it shows; "": one that the system trusts, as before
}

// Changed says that another certificate is shown than the one that was accepted.
func (c Certificate) Changed() bool { return c.Accepted != c.Shown }

// Server is who answers at an address.
type Server struct {
	Address     string // https://host[:port]
	Name        string // of the institution
	Provider    string // of the institution's single sign-on, "" when there is none
	Fingerprint string // SHA-256 of its certificate, hexadecimal; "" when the system trusts it
	Trusted     bool   // the certificate is signed by somebody whom the system trusts
}

// SignInRequest begins a sign-in.
type SignInRequest struct {
	Address     string // "": the server that this computer is signed in to, again
	Fingerprint string // the certificate that the person accepted; "" leaves it to the system
	Email       string // fills the field of the page; may be empty
	Computer    string // name of this computer; empty: the host name
	ByCode      bool   // there is no browser on this computer
}

// SignIn is one that waits for the person.
type SignIn struct {
	ID      string
	URL     string // to open in the browser
	Code    string // by code: what to type at URL, on any device
	Expires time.Time
}

// SignedIn is what a finished sign-in knows.
type SignedIn struct {
	ID         string // the sign-in, for Join
	Server     Server
	Email      string
	Name       string
	Computers  []Computer // of the account
	Seats      int        // how many computers the account may have
	SeatsUsed  int
	NeedSecret bool // only the person has the key: Join needs the passphrase or recovery code
}

// JoinRequest makes this computer one of the account.
type JoinRequest struct {
	SignIn   string // id
	Computer string // name of this computer; empty: the host name
	Asset    string // asset number, may be empty
	Owner    string // "institution" or "personal"
	Replace  string // id of the computer whose place this one takes; "": a new one
	Begin    string // id of the computer whose place this one is to take step by step, see Replace; instead of Replace
	Secret   string // when NeedSecret
}

// Who owns a computer.
const (
	OwnerInstitution = "institution"
	OwnerPersonal    = "personal"
)
