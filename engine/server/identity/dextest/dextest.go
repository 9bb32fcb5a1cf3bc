// Package dextest gives tests a real OpenID Connect provider: dex, with people and
// passwords of the test, in memory, on the loopback address.
//
// Dex tells neither acr nor auth_time; package identity's own tests have an issuer for
// those.
package dextest

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"holdfast/engine/server/tooltest"
)

// User is somebody who can sign in at the provider.
type User struct{ Email, Name, Password, ID string }

// Provider is what the server must know of it.
type Provider struct{ Issuer, ClientID, ClientSecret string }

// life runs dex until it ends or the pipe from this process closes, however this
// process ends.
const life = `exec 3<&0
"$1" serve "$2" </dev/null &
pid=$!
(read -r _ <&3; kill -9 $pid 2>/dev/null) &
wait $pid`

// Start runs dex until the test ends. It sends browsers back to redirectURI.
func Start(t testing.TB, redirectURI string, users ...User) Provider {
	t.Helper()
	address := tooltest.Address(t)
	p := Provider{Issuer: "http://" + address + "/dex", ClientID: "holdfast", ClientSecret: "a secret of the test"}
	// Dex's log is removed with the test; a failing test prints its end.
	dir := t.TempDir()
	file := filepath.Join(dir, "dex.json") // JSON is YAML
	text, err := json.Marshal(configuration(t, p, address, redirectURI, users))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-c", life, "sh", tooltest.Path(t, tooltest.Dex), file)
	cmd.Stdout, cmd.Stderr = log, log
	stop, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		stop.Close()
		<-ended
		log.Close()
		if t.Failed() {
			t.Logf("dex said:\n%s", read(log.Name()))
		}
	})
	wait(t, p.Issuer, ended, log.Name())
	return p
}

func configuration(t testing.TB, p Provider, address, redirectURI string, users []User) map[string]any {
	t.Helper()
	var passwords []map[string]any
	for _, u := range users {
		hash, err := bcrypt.GenerateFromPassword([]byte(u.Password), bcrypt.MinCost+6) // dex refuses less
		if err != nil {
			t.Fatal(err)
		}
		id := u.ID
		if id == "" {
			id = "id of " + u.Email
		}
		passwords = append(passwords, map[string]any{"email": u.Email, "hash": string(hash), "username": u.Name, "name": u.Name, "emailVerified": true, "userID": id})
	}
	return map[string]any{
		"issuer":           p.Issuer,
		"storage":          map[string]any{"type": "memory"},
		"web":              map[string]any{"http": address},
		"oauth2":           map[string]any{"skipApprovalScreen": true, "alwaysShowLoginScreen": false},
		"staticClients":    []map[string]any{{"id": p.ClientID, "secret": p.ClientSecret, "name": "Holdfast", "redirectURIs": []string{redirectURI}}},
		"enablePasswordDB": true,
		"staticPasswords":  passwords,
	}
}

// wait returns when dex answers.
func wait(t testing.TB, issuer string, ended <-chan struct{}, log string) {
	t.Helper()
	client := &http.Client{Timeout: 10 * time.Second}
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); {
		if answer, err := client.Get(issuer + "/.well-known/openid-configuration"); err == nil {
			io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-ended:
			t.Fatalf("dex ended:\n%s", read(log))
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatalf("dex did not start:\n%s", read(log))
}

func read(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text))
}
