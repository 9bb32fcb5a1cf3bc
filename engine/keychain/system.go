package keychain

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/zalando/go-keyring"
)

// vault is the part of the operating system's keychain that is needed.
type vault interface {
	Get(service, name string) (string, error)
	Set(service, name, secret string) error
	Delete(service, name string) error
}

// systemVault is the real one.
type systemVault struct{}

func (systemVault) Get(service, name string) (string, error) {
	if err := answers(); err != nil {
		return "", err
	}
	return keyring.Get(service, name)
}

func (systemVault) Set(service, name, secret string) error {
	if err := answers(); err != nil {
		return err
	}
	return keyring.Set(service, name, secret)
}

func (systemVault) Delete(service, name string) error {
	if err := answers(); err != nil {
		return err
	}
	return keyring.Delete(service, name)
}

// answers looks whether there is a session bus to ask. Without this look the D-Bus
// library would start a bus of its own, which nobody ends and which has no keychain.
func answers() error {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return nil
	}
	if address := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); address != "" {
		if strings.HasPrefix(address, "autolaunch:") {
			return errors.New("the session bus would have to be started")
		}
		return nil
	}
	runtimeDir := os.Getenv("XDG_RUNTIME_DIR")
	if runtimeDir == "" {
		runtimeDir = filepath.Join("/run/user", strconv.Itoa(os.Getuid()))
	}
	if _, err := os.Stat(filepath.Join(runtimeDir, "bus")); err != nil {
		return fmt.Errorf("there is no session bus: %w", err)
	}
	return os.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(runtimeDir, "bus"))
}

// noVault stands where the operating system is not to be asked.
type noVault struct{}

var errNotAsked = errors.New("not asked, as chosen")

func (noVault) Get(string, string) (string, error) { return "", errNotAsked }
func (noVault) Set(string, string, string) error   { return errNotAsked }
func (noVault) Delete(string, string) error        { return errNotAsked }

// patient asks a vault that may hang or panic, one question at a time. Its errors
// are ErrNotFound and ErrUnavailable only.
type patient struct {
	vault    vault
	patience time.Duration
	turn     chan struct{} // holds a token while nobody asks
}

func newPatient(v vault, patience time.Duration) *patient {
	p := &patient{v, patience, make(chan struct{}, 1)}
	p.turn <- struct{}{}
	return p
}

func (p *patient) Get(service, name string) (string, error) {
	return p.ask(func() (string, error) { return p.vault.Get(service, name) })
}

func (p *patient) Set(service, name, secret string) error {
	_, err := p.ask(func() (string, error) { return "", p.vault.Set(service, name, secret) })
	return err
}

func (p *patient) Delete(service, name string) error {
	_, err := p.ask(func() (string, error) { return "", p.vault.Delete(service, name) })
	return err
}

// ask waits for its turn and the answer, both together no longer than patience. A
// question that hangs keeps the turn until it is answered, so they do not heap up.
func (p *patient) ask(question func() (string, error)) (string, error) {
	timeout := time.NewTimer(p.patience)
	defer timeout.Stop()
	select {
	case <-p.turn:
	case <-timeout.C:
		return "", fmt.Errorf("%w: an earlier question is still open", ErrUnavailable)
	}
	type answer struct {
		text string
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		defer func() { p.turn <- struct{}{} }()
		var a answer
		defer func() {
			// The D-Bus library asserts the types of what a foreign service sends.
			if r := recover(); r != nil {
				a = answer{err: fmt.Errorf("the keychain sent something unexpected: %v", r)}
			}
			answered <- a
		}()
		a.text, a.err = question()
	}()
	select {
	case a := <-answered:
		switch {
		case a.err == nil:
			return a.text, nil
		case errors.Is(a.err, keyring.ErrNotFound):
			return "", fmt.Errorf("%w in the keychain", ErrNotFound)
		}
		return "", fmt.Errorf("%w: %w", ErrUnavailable, a.err)
	case <-timeout.C:
		return "", fmt.Errorf("%w: no answer within %v", ErrUnavailable, p.patience)
	}
}
