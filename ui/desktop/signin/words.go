package signin

import (
	"fmt"
	"path/filepath"
	"strings"

	"holdfast/engine"
	"holdfast/ui/desktop/codepage"
	"holdfast/ui/desktop/look"
)

// Step is what is on the screen.
type Step int

const (
	StepStart   Step = iota // sign in, or a folder or drive
	StepServer              // a certificate to compare
	StepBrowser             // the person signs in, in the browser or with a code
	StepJoin                // a new computer of the account, or in the place of another
	StepPlace               // which folder or drive
	StepCode                // the recovery code, shown once
	StepOpened              // a backup that was there already is open
)

// Drive is a place that can be chosen with one press.
type Drive struct {
	Name      string
	Path      string // where it is mounted
	Free      int64  // bytes; -1 when unknown
	Removable bool
}

// State is all that the screen shows.
type State struct {
	Step       Step
	Account    Account
	Drives     []Drive
	Address    string
	Looking    bool // the answer about the address is on its way
	Place      engine.Place
	PlaceErr   error
	OwnPhrase  bool // a passphrase of the person's own is wanted too
	Connecting bool
	ConnectErr error
	Connected  engine.Connected
	Made       codepage.Of // what Connected is about
	Kept       bool        // "I have kept it"
}

// folderOn is where the backup goes on a drive: a folder of its own, so that the
// drive can hold other things too.
func folderOn(d Drive) string { return filepath.Join(d.Path, "Holdfast") }

// verdict is what lies at the address, as a sentence in a tone with an icon.
func (s State) verdict() (words string, tone engine.Tone, icon string) {
	switch {
	case s.Address == "":
		return "", engine.ToneQuiet, ""
	case s.Looking:
		return "Looking…", engine.ToneQuiet, "clock"
	case s.PlaceErr != nil:
		return look.Sentence(s.PlaceErr), engine.ToneBad, "circle-x"
	}
	p := s.Place
	switch p.State {
	case engine.PlaceEmpty:
		return or(p.Message, "The folder is empty and can be used.") + free(p), engine.ToneOK, "circle-check"
	case engine.PlaceMissing:
		return or(p.Message, "The folder will be made.") + free(p), engine.ToneOK, "circle-check"
	case engine.PlaceRepository:
		return or(p.Message, "There is a backup here already. Its password or recovery code opens it."), engine.ToneBusy, "key-round"
	case engine.PlaceOther:
		return or(p.Message, "There are other things in this folder."), engine.ToneWarn, "triangle-alert"
	case engine.PlaceUnusable:
		return or(p.Message, "This folder cannot be used."), engine.ToneBad, "circle-x"
	}
	return "", engine.ToneQuiet, ""
}

// warning is what the person should know of the place and may still accept.
func (s State) warning() string {
	if s.Looking || s.PlaceErr != nil || !s.usable() {
		return ""
	}
	switch {
	case s.Place.SameDisk && s.Place.Inside:
		return "It lies on the same disk as your files and inside your home folder. It helps when a file is lost, not when the disk is. The folder itself is not backed up."
	case s.Place.SameDisk:
		return "It lies on the same disk as your files: it helps when a file is lost, not when the disk or the computer is."
	case s.Place.Inside:
		return "It lies inside your home folder. The folder itself is not backed up."
	}
	return ""
}

func (s State) usable() bool {
	switch s.Place.State {
	case engine.PlaceEmpty, engine.PlaceMissing, engine.PlaceRepository:
		return true
	}
	return false
}

// makes says whether a new backup would be made, so that a passphrase can be set.
func (s State) makes() bool {
	return !s.Looking && (s.Place.State == engine.PlaceEmpty || s.Place.State == engine.PlaceMissing)
}

// opens says whether a secret is asked for.
func (s State) opens() bool { return !s.Looking && s.Place.State == engine.PlaceRepository }

// inside is a folder of our own in one that has other things, "" when that is not
// the matter.
func (s State) inside() string {
	if s.Looking || s.Place.State != engine.PlaceOther {
		return ""
	}
	return filepath.Join(s.Place.Address, "Holdfast")
}

// wrongPhrase is what is wrong with a passphrase typed twice, "" for nothing.
func wrongPhrase(phrase, again string) string {
	switch {
	case strings.TrimSpace(phrase) == "":
		return "Type a passphrase, or take the check away."
	case len([]rune(phrase)) < engine.MinPassphrase:
		return fmt.Sprintf("Take at least %d characters; a few words are best.", engine.MinPassphrase)
	case phrase != again:
		return "The two are not the same."
	}
	return ""
}

// groups cuts a recovery code where its dashes are.
func groups(code string) []string {
	return strings.FieldsFunc(code, func(r rune) bool { return r == '-' || r == ' ' })
}

func free(p engine.Place) string {
	if p.Free < 0 {
		return ""
	}
	return " " + look.Bytes(p.Free) + " free."
}

func or(words, otherwise string) string {
	if words == "" {
		return otherwise
	}
	return words
}
