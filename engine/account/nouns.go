package account

import "time"

// Account is a person's account as the server has it.
type Account struct {
	Person struct {
		ID    string `json:"id"`
		Email string `json:"email"`
		Name  string `json:"name"`
		Role  string `json:"role"`
	} `json:"person"`
	Seats struct {
		Limit int `json:"limit"`
		Used  int `json:"used"`
	} `json:"seats"`
	Storage struct {
		Used  int64 `json:"used"`  // bytes
		Quota int64 `json:"quota"` // bytes, 0: no limit
	} `json:"storage"`
	Key        Key  `json:"key"`
	Repository bool `json:"repository"` // something was backed up already
}

// Key says how the account's repository is unlocked.
type Key struct {
	Mode    string    `json:"mode"`     // KeyNone, KeyStandard or KeyPassphrase
	KeyFile string    `json:"key_file"` // name of the repository's key file that the kept secret opens
	Since   time.Time `json:"since,omitzero"`
}

const (
	KeyNone       = "none"       // nobody chose yet
	KeyStandard   = "standard"   // the institution keeps a secret that opens it
	KeyPassphrase = "passphrase" // only the person can open it
)

// Whose a computer is.
const (
	OwnerInstitution = "institution"
	OwnerPersonal    = "personal"
)

// What a computer may do, the State of a Computer.
const (
	StateActive       = "active"
	StateBlocked      = "blocked"
	StateDeauthorized = "deauthorized"
	StateRemoved      = "removed"
)

// Computer is one of an account's computers.
type Computer struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Owner      string    `json:"owner"`
	Asset      string    `json:"asset"`
	OS         string    `json:"os"`
	State      string    `json:"state"`
	Generation int       `json:"generation"` // 1, and one more with every replacement
	Created    time.Time `json:"created,omitzero"`
	Seen       time.Time `json:"seen,omitzero"`
	LastBackup time.Time `json:"last_backup,omitzero"`
	RemovedAt  time.Time `json:"removed_at,omitzero"`
	Files      int64     `json:"files"`
	Bytes      int64     `json:"bytes"`
	Report     string    `json:"report"` // the word it reported last
	Version    string    `json:"version"`
	This       bool      `json:"this"` // it is the one that asks
	Lent       bool      `json:"lent"` // it is about to take the place of another and takes no seat
}

// NewComputer is a computer that takes a seat, or another's place.
type NewComputer struct {
	// ID is 32 random hexadecimal digits of the computer's own, the same in every try:
	// so that a lost answer costs no second seat.
	ID    string `json:"id,omitempty"`
	Name  string `json:"name"`
	Asset string `json:"asset"`
	OS    string `json:"os"`
	Owner string `json:"owner"`
	Lent  bool   `json:"lent,omitempty"` // it is about to take the place of another one
}

// Removal is the right to remove files of the account for some hours, which the server
// counts and tells the person of.
type Removal struct {
	ID      string    `json:"id"`
	Right   string    `json:"right"` // a secret; goes along with the computer's credential
	Expires time.Time `json:"expires"`
	Now     time.Time `json:"now"` // by the clock of the server
}

// Report is what a computer tells about its own state.
type Report struct {
	State   string `json:"state"`
	Files   int64  `json:"files"`
	Bytes   int64  `json:"bytes"`
	Version string `json:"version"`
}
