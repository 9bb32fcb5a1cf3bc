package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"holdfast/engine"
)

// home is the state folder. Besides the catalogs, which can be thrown away, it
// holds two small files that a person could read:
//
//	destination.json   where the files are kept, and who this computer is there
//	settings.json      settings, selection, paths captured by hand
//
// and replace.json while this computer is taking the place of another one. Each is
// replaced as a whole, so that a crash leaves the old or the new one.
type home struct{ dir string }

// destinationFile is the content of destination.json.
type destinationFile struct {
	Address    string    `json:"address"`
	Repository string    `json:"repository"` // id, from its config
	Device     string    `json:"device"`     // id of this computer there
	Key        string    `json:"key"`        // id of the key file this computer opens
	Connected  time.Time `json:"connected"`
	// Account: the address is that of a server; nil: it is a folder.
	Account *accountFile `json:"account,omitempty"`
}

// accountFile is who this computer belongs to at a server. Its credential is in the
// keychain.
type accountFile struct {
	Server      string `json:"server"`                // id
	Name        string `json:"name"`                  // of the institution
	Person      string `json:"person,omitempty"`      // id; "": noted before it was
	Email       string `json:"email"`                 // may change
	Generation  int    `json:"generation"`            // of this computer's grant: it shows that nobody took its place since
	Fingerprint string `json:"fingerprint,omitempty"` // the only certificate to accept; "": whatever the system trusts
}

// settingsFile is the content of settings.json.
type settingsFile struct {
	Settings  engine.Settings  `json:"settings"`
	Selection engine.Selection `json:"selection"`
	// Of this computer at the connected destination; another one knows nothing of them.
	Once        []string   `json:"once,omitempty"`         // paths captured by hand, outside the selection
	PausedUntil *time.Time `json:"paused_until,omitempty"` // zero time: until resumed
	Removals    []removal  `json:"removals,omitempty"`
	Replaced    []earlier  `json:"replaced,omitempty"` // whose identity this computer took, and had before
	// Lost: the file was damaged, and what stands here is what every computer begins with.
	Lost    bool      `json:"lost,omitempty"`
	Changed time.Time `json:"changed"` // of settings or selection
}

// removal is a "Remove from backup…" whose time to undo has not run out.
type removal struct {
	ID    int64     `json:"id"`
	Path  string    `json:"path"`
	Time  time.Time `json:"time"`
	Final time.Time `json:"final"`
	Files int64     `json:"files"`
	Bytes int64     `json:"bytes"`
	File  bool      `json:"file,omitempty"` // the path is not a folder
	// Held is the last moment of a capture that may hold the path; zero: none has
	// begun without it.
	Held time.Time `json:"held,omitzero"`
	// Since is when the server received the first capture without the path; zero: it is
	// not known, or there is no server.
	Since time.Time `json:"since,omitzero"`
	// What was chosen there before, for the undo.
	Choices []engine.Choice `json:"choices,omitempty"`
	Once    []string        `json:"once,omitempty"`
}

// DefaultHome is the state folder when HOLDFAST_HOME does not name one: the place
// that each system has for what a program keeps by itself.
func DefaultHome() (string, error) {
	if dir := os.Getenv("HOLDFAST_HOME"); dir != "" {
		return filepath.Abs(dir)
	}
	user, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the home folder: %w", err)
	}
	switch runtime.GOOS {
	case "windows":
		if dir := os.Getenv("LOCALAPPDATA"); dir != "" {
			return filepath.Join(dir, "Holdfast"), nil
		}
		return filepath.Join(user, "AppData", "Local", "Holdfast"), nil
	case "darwin":
		return filepath.Join(user, "Library", "Application Support", "Holdfast"), nil
	}
	// XDG Base Directory Specification: state that should persist between restarts.
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "holdfast"), nil
	}
	return filepath.Join(user, ".local", "state", "holdfast"), nil
}

func openHome(dir string) (home, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return home{}, noHome(dir, err)
	}
	return home{dir}, nil
}

func noHome(dir string, err error) error {
	return &engine.Error{Op: "start", Kind: engine.KindDenied, Path: dir, Err: err,
		Message: fmt.Sprintf("Holdfast cannot keep its own state in %s: %v. Nothing is backed up until this is mended; check that the folder is yours and the disk is not full.", dir, err)}
}

func (h home) path(name string) string { return filepath.Join(h.dir, name) }

// SocketPath is where the engine of a state folder is reached by other programs.
func SocketPath(dir string) string { return filepath.Join(dir, "control", "holdfast.sock") }

// catalogPath is the catalog of one repository.
func (h home) catalogPath(repository string) string {
	return h.path("catalog-" + repository[:min(len(repository), 16)] + ".db")
}

// peek fills a value from a JSON file and touches nothing. False: there is none.
func (h home) peek(name string, into any) (bool, error) {
	data, err := os.ReadFile(h.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, json.Unmarshal(data, into)
}

// read is peek, and puts aside what cannot be understood.
func (h home) read(name string, into any) (bool, error) {
	found, err := h.peek(name, into)
	if found && err != nil {
		// A file that cannot be read is kept for whoever wants to look at it.
		aside := h.path(fmt.Sprintf("%s.damaged-%d", name, time.Now().Unix()))
		return false, errors.Join(fmt.Errorf("%s is damaged and was put aside as %s: %w", name, aside, err), os.Rename(h.path(name), aside))
	}
	return found, err
}

// write replaces a JSON file: temporary name, flush, rename.
func (h home) write(name string, from any) error {
	data, err := json.MarshalIndent(from, "", "  ")
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(h.dir, name+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(append(data, '\n'))
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err != nil {
		return err
	}
	return os.Rename(temp.Name(), h.path(name))
}

func (h home) remove(name string) error {
	err := os.Remove(h.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
