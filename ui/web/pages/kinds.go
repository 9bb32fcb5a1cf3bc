package pages

import (
	"html/template"
	"time"
)

// Start is the front page.
type Start struct{ SignedIn bool }

// Request is the form by which somebody asks for an account.
type Request struct {
	Name, Email, Reason, Asset string
	Wrong                      string // a sentence; "" the first time
}

// Requested says that a request has been received, whatever became of it.
type Requested struct{}

// SignIn is the first step of signing in. With Again, the person is signed in and
// proves who they are once more.
type SignIn struct {
	Again    bool
	Why      string // why one has to sign in again
	Email    string
	Next     string
	Provider string // name of the institution's sign-in, "" for none
	Password bool   // whether a password can be used
	Passkey  bool   // whether a passkey can be used in its place
	Wrong    string
}

// Second is the second step after a password.
type Second struct {
	TOTP, Passkey, Recovery bool
	Wrong                   string
}

// Invitation welcomes somebody who opened an invitation's link, or the one with which
// they set up anew how they sign in.
type Invitation struct {
	Action, Token, Name, Email, Provider string
	Anew                                 bool
	Wrong                                string
}

// Authenticator shows the code to scan, and asks for the first number.
type Authenticator struct {
	Action, Back string
	Secret, URL  string
	QR           template.URL // of a picture, as data:
	Invited      bool         // as a step of an invitation
	Wrong        string
}

// Codes shows new recovery codes, once.
type Codes struct {
	Codes []string
	Next  string
}

// Consent asks whether a computer may be connected to the account.
type Consent struct {
	Computer, Email, Address string
	Hidden                   []Field // what the answer has to carry
	Action                   string
	Code                     string // the code shown by the computer, when there is one
}

// Field is a hidden field of a form.
type Field struct{ Name, Value string }

// Leaving takes the browser elsewhere where a redirect would not do: a policy on where
// forms may lead (form-action) holds for all redirects that follow a form.
type Leaving struct{ Title, To string }

// Device asks for the code that a computer without a browser shows.
type Device struct{ Code, Wrong string }

// Decided says what was answered to a computer that showed a code.
type Decided struct {
	Computer string
	Allowed  bool
}

// Computers is the list of a person's computers.
type Computers struct {
	Active, Removed []Computer
	Seats           int
	Used, Quota     int64 // bytes; no Quota: no limit
	Grace           int   // days for which a removed computer can be brought back
	Said, Wrong     string
}

// Seated is how many of them take a seat.
func (c Computers) Seated() int {
	n := 0
	for _, one := range c.Active {
		if !one.Lent {
			n++
		}
	}
	return n
}

// Computer is one row of the list.
type Computer struct {
	ID, Name, Asset, OS string
	Personal            bool
	Kept                bool   // removed: its files stay, because it has the place of another computer
	Lent                bool   // it is about to take the place of another and takes no seat
	State               string // "active", "blocked", "deauthorized"
	Report              string // the word it reported itself
	Seen, LastBackup    time.Time
	Files, Bytes        int64
	Until               time.Time // for removed ones: until when they can be brought back
}

// Security is how a person signs in, and where they are signed in.
type Security struct {
	Name, Email string
	Password    bool
	TOTP        bool
	Passkeys    []Passkey
	CanAdd      bool // whether this server can have passkeys
	Recovery    int  // codes that are left
	Links       []Link
	Provider    string
	Sessions    []Session
	Said, Wrong string
}

// Local says whether the person can sign in with a password.
func (s Security) Local() bool { return s.Password }

// Passkey is one that is registered.
type Passkey struct {
	ID, Name      string
	Created, Used time.Time
}

// Link is an identity of the institution that is linked to the account.
type Link struct {
	Issuer, Subject, Email string
	Created                time.Time
}

// Session is a place where the person is signed in.
type Session struct {
	ID, Name, Address string
	App, This         bool
	Created, Seen     time.Time
}

// Download offers the program.
type Download struct {
	System string // the one the visitor is on, "" for unknown
	First  []File // for that one
	Others []System
}

// System is an operating system with its files.
type System struct {
	Name  string
	Files []File
}

// File is one that can be downloaded.
type File struct {
	Name, Kind string
	Size       int64
	SHA256     string
}

// Problem says what went wrong, and where to go.
type Problem struct {
	Title, Message string
	Links          []Action
}

// Action is a link on a page of a problem. The first one is the main one.
type Action struct{ Label, Path string }

func (Start) look() (file, title string)     { return "start", "" }
func (Request) look() (file, title string)   { return "request", "Request access" }
func (Requested) look() (file, title string) { return "requested", "Request received" }
func (p SignIn) look() (file, title string) {
	if p.Again {
		return "signin", "Sign in again"
	}
	return "signin", "Sign in"
}
func (Second) look() (file, title string) { return "second", "Second step" }
func (p Invitation) look() (file, title string) {
	if p.Anew {
		return "invitation", "Sign in anew"
	}
	return "invitation", "Welcome"
}
func (Authenticator) look() (file, title string) { return "authenticator", "Authenticator app" }
func (Codes) look() (file, title string)         { return "codes", "Recovery codes" }
func (Consent) look() (file, title string)       { return "consent", "Connect a computer" }
func (p Leaving) look() (file, title string)     { return "leaving", p.Title }
func (Device) look() (file, title string)        { return "device", "Connect a computer" }
func (p Decided) look() (file, title string) {
	if p.Allowed {
		return "decided", "Connected"
	}
	return "decided", "Not connected"
}
func (Computers) look() (file, title string) { return "computers", "My computers" }
func (Security) look() (file, title string)  { return "security", "Security" }
func (Download) look() (file, title string)  { return "download", "Download" }
func (p Problem) look() (file, title string) { return "problem", p.Title }
