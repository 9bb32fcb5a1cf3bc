// Package access decides who may use which route of the account server.
//
// Its one idea is a table: every route names what it needs (Need), and Handler lets
// nothing through that the table does not allow. A route that names nothing does not
// start. Who calls is found out here, once, from a cookie (a browser's session), a
// bearer token (the app's session) or Basic credentials (a computer), and handed to
// the route as a Caller; no route looks at credentials itself.
//
// Handler also does what must hold for every route: errors as Problems with stable
// codes, the client's address (believed from configured proxies only), a log line that
// names the pattern of the route and never what was asked (paths and headers carry
// secrets), limits on bodies, security headers, protection against other sites' forms
// (Sec-Fetch-Site and Origin, as net/http's CrossOriginProtection does), and paths
// that mean one thing only.
//
// Removing is the one thing for which a computer's credential is not enough: its person
// opens a removal with a fresh sign-in, and the right that comes back goes along in a
// header of its own (RightHeader), so that neither of the two does without the other.
//
// What a person or a computer may do with one thing of theirs (is this computer
// mine?) is for the routes.
package access

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"holdfast/engine/server/computers"
	"holdfast/engine/server/people"
	"holdfast/engine/server/session"
)

// Need is who may use a route.
type Need string

const (
	Anyone             Need = "anyone"
	SignedIn           Need = "signed in"             // a person with a session
	Fresh              Need = "signed in afresh"      // and proved who they are within FreshFor
	Administrator      Need = "administrator"         // a person with a session who is an administrator or owner
	FreshAdministrator Need = "administrator, afresh" // and proved who they are within FreshFor
	Computer           Need = "computer"              // a computer's own credential
	ComputerOrPerson   Need = "computer or person"    // either
	Removing           Need = "computer that removes" // a computer's own credential and the right of an open removal
)

// RightHeader carries the right to remove.
const RightHeader = "Holdfast-Removal"

// FreshFor is how long a proof of who somebody is counts as fresh.
const FreshFor = 15 * time.Minute

// Caller is who uses a route.
type Caller struct {
	Person   *people.Person      // nil when nobody is signed in; a computer's person too
	Session  *session.Session    // nil for a computer
	Computer *computers.Computer // nil for a session
	Removal  string              // id of the removal under which the computer may remove; "" where no route needs one
	Address  netip.Addr          // of the client
}

// IsFresh says whether the caller has a session and proved at most FreshFor before
// now who they are.
func (c Caller) IsFresh(now time.Time) bool {
	return c.Session != nil && now.Sub(c.Session.Fresh) <= FreshFor
}

// IsAdministrator says whether the caller is an administrator or owner with a session.
func (c Caller) IsAdministrator() bool {
	return c.Session != nil && c.Person != nil && (c.Person.Role == people.Administrator || c.Person.Role == people.Owner)
}

// Route is one thing the server answers.
type Route struct {
	Method  string // GET answers HEAD too
	Pattern string // of http.ServeMux, without method and host
	Need    Need
	Page    bool  // HTML, for a browser's session: sends people to sign in rather than telling them a code
	Body    int64 // the most bytes of a request's body; 0 is 1 MiB, -1 is the route's own business

	// Handle answers. An error it returns becomes a Problem; one returned after it
	// has begun to answer cuts the connection, so that half an answer is never taken
	// for a whole one.
	Handle func(w http.ResponseWriter, r *http.Request, c Caller) error

	Doc        string // what it is for, in a sentence
	BlockedMay bool   // a blocked computer may use it
}

// Options is what Handler works with.
type Options struct {
	Sessions  Sessions
	Computers Computers
	People    People
	Removals  Removals // nil only where no route needs one

	Origin         string         // https://host[:port] of the pages; behind a proxy that changes the Host it must be told
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed
	Log            *slog.Logger   // nil: nothing is logged
	Now            func() time.Time

	// Observe is told of each answer, for figures; pattern is "" for what no route
	// answers, bytes are those of the bodies, of request and answer together.
	Observe func(pattern, method string, status int, took time.Duration, bytes int64)
	// RenderProblem shows a Problem as a page, with the Problem's status; nil shows JSON.
	RenderProblem func(w http.ResponseWriter, r *http.Request, p Problem)
}

// Sessions finds sessions by their tokens; session.Service does.
type Sessions interface {
	Find(ctx context.Context, token string) (session.Session, error)
}

// Computers knows computers by their credentials; computers.Service does.
type Computers interface {
	Identify(ctx context.Context, id, credential string) (computers.Computer, error)
}

// People knows people; people.Service does.
type People interface {
	Get(ctx context.Context, id string) (people.Person, error)
}

// Removals knows the rights to remove; store.Service does. What is wrong with one is a
// Problem.
type Removals interface {
	Removing(ctx context.Context, c computers.Computer, right string) (id string, err error)
}
