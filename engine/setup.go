package engine

import "time"

// PlaceState says what lies at an address.
type PlaceState string

const (
	PlaceEmpty      PlaceState = "empty"      // can be made a destination
	PlaceMissing    PlaceState = "missing"    // does not exist; its parent does and it would be made
	PlaceRepository PlaceState = "repository" // a backup: opened with a secret
	PlaceOther      PlaceState = "other"      // has other things in it
	PlaceUnusable   PlaceState = "unusable"   // cannot be read or written; Message says why
)

// Place is what Inspect found.
type Place struct {
	Address  string
	State    PlaceState
	Free     int64  // bytes left there; -1 when unknown
	Inside   bool   // lies inside the home folder: it would be left out of the backup
	SameDisk bool   // on the disk of the home folder: does not survive the loss of that disk
	Message  string // a sentence for a person
}

// ConnectRequest makes or opens a destination.
type ConnectRequest struct {
	Address    string
	Secret     string // opens an existing one: password, passphrase or recovery code
	Passphrase string // when making: a passphrase of the person's own, may be empty
	Computer   string // name of this computer; empty: the host name
}

// Connected is the outcome of Connect.
type Connected struct {
	Made         bool
	RecoveryCode string // only when made, shown this once
	KeyNote      string // a sentence when the key does not lie in the OS keychain
	Computers    []Computer
}

// Disconnected is the outcome of Disconnect.
type Disconnected struct {
	Note string // a sentence about what is left to do by hand; "": nothing
}

// Destination is where the files are kept.
type Destination struct {
	Address   string
	ID        string // of the repository, hexadecimal
	Reachable bool
	Free      int64 // bytes, -1 when unknown
	Stored    int64 // bytes that lie there
	Message   string
	KeyNote   string // what it means when the key does not lie in the OS keychain; "" when it does
	Account   string // e-mail of the account; "": a folder or drive
	Server    string // name of the institution; "": a folder or drive
}

// Computer is one computer that backs up to the destination.
type Computer struct {
	ID         string
	Name       string
	This       bool
	LastBackup time.Time
	Stored     Amount // files and bytes as of its last backup
	Home       string // its home folder, "" when unknown

	// With an account only:
	Owner string    // OwnerInstitution or OwnerPersonal
	Asset string    // asset number
	State string    // a word: "active", "blocked", "signed out", "removed", "replacing"
	Seen  time.Time // when the server last heard of it

	// Until is set for what a computer was before a replacement: its files as of then.
	Until time.Time
}

// Earlier says that a computer of the list is what another one was until a moment.
func (c Computer) Earlier() bool { return !c.Until.IsZero() }
