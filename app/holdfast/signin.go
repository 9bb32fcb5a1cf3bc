package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"holdfast/engine"
)

// server are the flags of whatever signs in.
type server struct {
	Email       string `help:"Your e-mail; fills the field of the page." placeholder:"E-MAIL"`
	Code        bool   `help:"There is no browser here: show a code to type in on another device."`
	Name        string `help:"Name of this computer." placeholder:"NAME"`
	Asset       string `help:"Asset number of this computer." placeholder:"NUMBER"`
	Owner       string `enum:"institution,personal" default:"institution" help:"Who owns this computer: institution or personal."`
	Fingerprint string `help:"Accept the server's certificate with this SHA-256 alone." placeholder:"HEX"`
	SecretFile  string `help:"File with the passphrase or recovery code, where only you have the key." placeholder:"FILE"`
}

type signInCommand struct {
	Server string `arg:"" help:"The server's address."`
	server
}

func (c *signInCommand) Run(s *session) error {
	if err := s.open(false); err != nil {
		return err
	}
	if done, err := c.accept(s); done || err != nil {
		return err
	}
	in, err := c.signIn(s, c.Server)
	if err != nil {
		return err
	}
	out, err := c.join(s, in, "")
	if err != nil {
		return err
	}
	c.joined(s, in, out)
	return nil
}

// accept is for a computer whose own server shows another certificate than before: with
// the fingerprint that the institution gave, backing up goes on, and nobody has to sign
// in. False: it is another server, or its certificate is as it was.
func (c *signInCommand) accept(s *session) (bool, error) {
	status, err := s.engine.Status(s.ctx)
	if err != nil || status.Destination.Account == "" || !sameAddress(status.Destination.Address, c.Server) {
		return false, err
	}
	now, err := s.engine.Certificate(s.ctx)
	if err != nil || !now.Changed() {
		return false, err
	}
	if c.Fingerprint == "" {
		return false, &engine.Error{Op: "sign in", Kind: engine.KindCertificate, Path: now.Address,
			Message: fmt.Sprintf("%s shows another certificate than the one that was accepted. Your institution renewed it, or somebody is between this computer and the server. Nothing was sent to it, and nothing is lost; backing up waits.\n\nAccepted: %s\nNow:      %s\n\nAsk your institution for the SHA-256 of its new certificate and give that one: holdfast sign-in %s --fingerprint HEX. Then backing up goes on by itself, without a new sign-in.",
				safe(now.Address), grouped(now.Accepted), grouped(now.Shown), safe(c.Server))}
	}
	if err := s.engine.AcceptCertificate(s.ctx, c.Fingerprint); err != nil {
		return false, err
	}
	s.did(map[string]string{"accepted": now.Shown}, "The new certificate of %s is accepted. Backing up goes on.", safe(now.Address))
	return true, nil
}

// sameAddress says whether a person means the server whose origin this is.
func sameAddress(origin, typed string) bool {
	host := func(address string) string {
		address = strings.ToLower(strings.TrimSpace(address))
		return strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(address, "https://"), "/"), ":443")
	}
	return host(origin) == host(typed)
}

// grouped is a fingerprint that a person can compare.
func grouped(fingerprint string) string {
	if fingerprint == "" {
		return "signed by somebody whom this computer knows"
	}
	var groups []string
	for group := range slices.Chunk([]byte(fingerprint), 4) {
		groups = append(groups, string(group))
	}
	return strings.Join(groups, " ")
}

type replaceCommand struct {
	Computer string `arg:"" help:"Name or id of the computer whose place this one takes."`
	Server   string `help:"The server's address; needed on a computer that is not signed in." placeholder:"ADDRESS"`
	server
}

func (c *replaceCommand) Run(s *session) error {
	if err := s.open(false); err != nil {
		return err
	}
	status, err := s.engine.Status(s.ctx)
	if err != nil {
		return err
	}
	joined := status.Destination.Account != ""
	if c.Server == "" && !joined {
		return &engine.Error{Op: "replace", Kind: engine.KindInvalid,
			Message: "This computer is not signed in, so the server has to be named: holdfast replace COMPUTER --server ADDRESS. Nothing was changed."}
	}
	var in engine.SignedIn
	if c.Server == "" { // to its own server, by the certificate that was accepted then
		in, err = c.goOn(s, engine.SignInRequest{ByCode: c.Code})
	} else {
		in, err = c.signIn(s, c.Server)
	}
	if err != nil {
		return err
	}
	old, err := find(in.Computers, c.Computer)
	if err != nil {
		return err
	}
	out, err := c.begin(s, in, old, joined)
	if err != nil {
		return err
	}
	if err := s.engine.FinishReplace(s.ctx, old); err != nil {
		return err
	}
	c.joined(s, in, out)
	return nil
}

// begin chooses the old computer. One that was begun before goes on.
func (c *replaceCommand) begin(s *session, in engine.SignedIn, old string, joined bool) (engine.Connected, error) {
	if !joined {
		return c.join(s, in, old)
	}
	now, err := s.engine.Replacement(s.ctx)
	if err == nil && now.Old.ID != old {
		_, err = s.engine.BeginReplace(s.ctx, old)
	}
	return engine.Connected{}, err
}

// join makes this computer one of the account, or one that is to take the place of
// another of it.
func (c *server) join(s *session, in engine.SignedIn, old string) (engine.Connected, error) {
	q := engine.JoinRequest{SignIn: in.ID, Computer: c.Name, Asset: c.Asset, Owner: c.Owner, Begin: old}
	if c.SecretFile != "" {
		data, err := os.ReadFile(c.SecretFile)
		if err != nil {
			return engine.Connected{}, err
		}
		q.Secret = strings.TrimRight(string(data), "\r\n")
	}
	return s.engine.Join(s.ctx, q)
}

// joined says what came of it.
func (c *server) joined(s *session, in engine.SignedIn, out engine.Connected) {
	if s.JSON {
		s.print(out)
		return
	}
	s.say("Signed in to %s as %s. This computer backs up there.", safe(in.Server.Name), safe(in.Email))
	if out.RecoveryCode != "" {
		s.say("\nRecovery code: %s\n\nPrint it or write it down; it is shown this once. It opens the backup without the\ninstitution, in Holdfast and in restic alike.", out.RecoveryCode)
	}
	if out.KeyNote != "" {
		s.say("\n%s", out.KeyNote)
	}
}

// fresh are the flags of what may need a sign-in of the last minutes.
type fresh struct {
	Code bool `help:"There is no browser here: where a fresh sign-in is needed, show a code to type in on another device."`
}

// afresh does what may need a sign-in of the last minutes, and does it again after
// one.
func (f fresh) afresh(s *session, do func() error) error {
	err := do()
	if engine.KindOf(err) != engine.KindFresh {
		return err
	}
	fmt.Fprintln(os.Stderr, "This needs a fresh sign-in.")
	if _, err := (&server{Code: f.Code}).goOn(s, engine.SignInRequest{ByCode: f.Code}); err != nil {
		return err
	}
	return do()
}

// signIn signs in to a server at an address. A fingerprint that is given counts alone,
// also where the computer trusts what is shown by itself.
func (c *server) signIn(s *session, address string) (engine.SignedIn, error) {
	if c.Fingerprint != "" {
		return c.goOn(s, engine.SignInRequest{Address: address, Fingerprint: c.Fingerprint, Email: c.Email, Computer: c.Name, ByCode: c.Code})
	}
	found, err := s.engine.FindServer(s.ctx, address)
	if err != nil {
		return engine.SignedIn{}, err
	}
	if !found.Trusted {
		return engine.SignedIn{}, &engine.Error{Op: "sign in", Kind: engine.KindUntrusted, Path: address,
			Message: fmt.Sprintf("The certificate of %s is signed by nobody whom this computer knows. Nothing was sent. Compare its SHA-256 with the one that your institution gave you:\n\n  %s\n\nWhen it is the same, repeat the command with --fingerprint %s", safe(found.Address), found.Fingerprint, found.Fingerprint)}
	}
	return c.goOn(s, engine.SignInRequest{Address: address, Email: c.Email, Computer: c.Name, ByCode: c.Code})
}

// goOn begins a sign-in and waits until the person is back from the browser.
func (c *server) goOn(s *session, q engine.SignInRequest) (engine.SignedIn, error) {
	begun, err := s.engine.SignIn(s.ctx, q)
	if err != nil {
		return engine.SignedIn{}, err
	}
	if c.Code {
		fmt.Fprintf(os.Stderr, "Open %s on any device and type the code %s\n", safe(begun.URL), safe(begun.Code))
	} else {
		fmt.Fprintf(os.Stderr, "Your browser opens so that you sign in. If it does not, open this address on this computer:\n%s\n", safe(begun.URL))
		if err := browse(begun.URL); err != nil && !errors.Is(err, exec.ErrNotFound) {
			fmt.Fprintf(os.Stderr, "The browser could not be opened: %v\n", err)
		}
	}
	return s.engine.WaitSignIn(s.ctx, begun.ID)
}

// find gives the id of a computer that is named by its name or id.
func find(computers []engine.Computer, named string) (string, error) {
	var ids []string
	for _, c := range computers {
		if c.ID == named {
			return c.ID, nil
		}
		if strings.EqualFold(c.Name, named) {
			ids = append(ids, c.ID)
		}
	}
	switch len(ids) {
	case 1:
		return ids[0], nil
	case 0:
		return "", &engine.Error{Op: "replace", Kind: engine.KindNotFound, Path: named,
			Message: fmt.Sprintf("There is no computer %s in your account. Nothing was changed. List them with: holdfast computers", shown(named))}
	}
	return "", &engine.Error{Op: "replace", Kind: engine.KindInvalid, Path: named,
		Message: fmt.Sprintf("Several computers are called %s. Nothing was changed. Give the id of one: %s.", shown(named), strings.Join(ids, ", "))}
}

// browse opens an address in the browser of this computer.
func browse(url string) error {
	switch runtime.GOOS {
	case "windows":
		return exec.Command("rundll32", "url.dll,FileProtocolHandler", url).Start()
	case "darwin":
		return exec.Command("open", url).Start()
	}
	if browser := os.Getenv("BROWSER"); browser != "" {
		return exec.Command(browser, url).Start()
	}
	return exec.Command("xdg-open", url).Start()
}
