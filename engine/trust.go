package engine

import "time"

// MaintainResult is what maintenance did.
type MaintainResult struct {
	Forgotten int   // captures thinned away
	Freed     int64 // bytes
	Packs     int   // small packs put together
}

// CheckResult is what a check found.
type CheckResult struct {
	Packs   int64
	Blobs   int64
	Read    int64    // bytes of data read
	Errors  []string // sentences
	Damaged []string // files (paths) that are affected
	Healed  int64    // blobs stored again from the files on this computer
}

// Proof is the outcome of a restore drill.
type Proof struct {
	Time   time.Time
	Amount Amount
	Took   time.Duration
	Failed []string // sentences; empty is a proof
}

// KeyKind is what a key is for.
type KeyKind string

const (
	KeyComputer    KeyKind = "computer"
	KeyPassphrase  KeyKind = "passphrase"
	KeyRecovery    KeyKind = "recovery code"
	KeyInstitution KeyKind = "institution" // kept by the institution for its person
	KeyOther       KeyKind = "other"       // made by another program
)

// Key is one way to open the destination.
type Key struct {
	ID       string
	Kind     KeyKind
	Computer string
	Created  time.Time
	Current  bool // the one this computer uses
}

// MinPassphrase is how many characters a new passphrase has at least. What is stored
// can be attacked without asking anybody, so it is more than a password needs.
const MinPassphrase = 12
