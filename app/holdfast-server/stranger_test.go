package main

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"holdfast/engine"
)

func TestAServerThatIsDownIsSaidAndTheNextBackupGoesOn(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		p.write("one.txt", "one")
		p.join()
		p.backUp()
		path := p.write("two.txt", "two")
		c.stop()
		p.reopen()
		p.backUpFails(engine.KindUnreachable, "does not answer")
		c.start()
		if out := p.backUp(); out.New != 1 {
			t.Errorf("backed up: %+v", out)
		}
		p.restores("", path, "two")
	})
}

// renew gives the server another certificate.
func (c *college) renew() {
	c.t.Helper()
	old := c.fingerprint()
	c.stop()
	if err := os.RemoveAll(filepath.Join(c.data, "tls")); err != nil {
		c.t.Fatal(err)
	}
	c.start()
	if c.fingerprint() == old {
		c.t.Fatal("the certificate is the same")
	}
}

func TestBackingUpWaitsForAnotherCertificateToBeAcceptedAndGoesOnWithoutASignIn(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		p.join()
		p.backUp()
		old := c.fingerprint()
		path := p.write("letter.txt", "dear")
		c.renew()
		p.backUpFails(engine.KindCertificate, "shows another certificate than before") // with the store open
		p.reopen()
		p.backUpFails(engine.KindCertificate, "shows another certificate than before")
		if s, err := p.Status(t.Context()); err != nil || !s.Certificate || s.SignIn || strings.Contains(s.Reason, c.fingerprint()[:4]) {
			t.Errorf("the status is %+v, %v", s, err)
		}
		shown, err := p.Certificate(t.Context())
		if want := (engine.Certificate{Address: c.v.settings.Origin, Accepted: old, Shown: c.fingerprint()}); err != nil || shown != want || !shown.Changed() {
			t.Errorf("it shows %+v, not %+v, %v", shown, want, err)
		}
		p.fails(p.AcceptCertificate(t.Context(), ""), engine.KindInvalid, "not the fingerprint")
		p.fails(p.AcceptCertificate(t.Context(), c.fingerprint()[:60]), engine.KindInvalid, "not the fingerprint")
		p.fails(p.AcceptCertificate(t.Context(), old), engine.KindUntrusted, "another certificate than the one whose fingerprint you typed")
		p.backUpFails(engine.KindCertificate, "backing up waits")
		if err := p.AcceptCertificate(t.Context(), inPairs(c.fingerprint())); err != nil {
			t.Fatal(err)
		}
		if s, err := p.Status(t.Context()); err != nil || s.Certificate {
			t.Errorf("the status is %+v, %v", s, err)
		}
		if out := p.backUp(); out.New != 1 {
			t.Errorf("backed up: %+v", out)
		}
		p.restores("", path, "dear")
		p.reopen()
		p.backUp()
		if err := p.AcceptCertificate(t.Context(), c.fingerprint()); err != nil {
			t.Errorf("accepted again: %v", err)
		}
		if c.seats() != 1 {
			t.Errorf("%d seats are taken", c.seats())
		}
	})
}

// inPairs is a fingerprint as openssl prints it.
func inPairs(fingerprint string) string {
	var pairs []string
	for pair := range slices.Chunk([]byte(strings.ToUpper(fingerprint)), 2) {
		pairs = append(pairs, string(pair))
	}
	return "sha256 Fingerprint=" + strings.Join(pairs, ":") + "\n"
}

func TestWhoComparedAnotherCertificateCanSignInAgainToo(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		p.join()
		p.backUp()
		c.renew()
		p.reopen()
		p.join()
		p.backUp()
		if c.seats() != 1 {
			t.Errorf("%d seats are taken", c.seats())
		}
	})
}

func TestSomebodyInBetweenGetsNeitherTheCredentialNorTheFiles(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		p.join()
		p.backUp()
		real := c.fingerprint()
		c.stop()
		other := impersonate(t, c.listen)
		p.backUpFails(engine.KindCertificate, "Nothing was sent to it")
		p.reopen()
		p.backUpFails(engine.KindCertificate, "Nothing was sent to it")
		if shown, err := p.Certificate(t.Context()); err != nil || !shown.Changed() {
			t.Errorf("%+v, %v", shown, err)
		}
		p.fails(p.AcceptCertificate(t.Context(), real), engine.KindUntrusted, "") // as the institution told it
		if got := other.end(); got != 0 {
			t.Errorf("it got %d requests", got)
		}
		c.start()
		p.backUp()
	})
}

// impostor is a server that got hold of the address and of no certificate.
type impostor struct {
	*httptest.Server
	asked atomic.Int64
}

func impersonate(t *testing.T, address string) *impostor {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	b := new(impostor)
	b.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { b.asked.Add(1) }))
	b.Listener.Close()
	b.Listener = l
	b.Config.ErrorLog = log.New(io.Discard, "", 0)
	b.StartTLS()
	t.Cleanup(b.Close)
	return b
}

// end closes it, and says how many requests it got.
func (b *impostor) end() int64 {
	b.Close()
	return b.asked.Load()
}

func TestAnotherServerAtTheSameAddressIsAStranger(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		p.join()
		p.backUp()
		data, at := c.data, c.at
		c.stop()
		c.settle() // another one that has got hold of the certificate
		if err := os.CopyFS(filepath.Join(c.data, "tls"), os.DirFS(filepath.Join(data, "tls"))); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(c.data, "tls", "key.pem"), 0o600); err != nil {
			t.Fatal(err)
		}
		c.start()
		p.reopen()
		p.backUpFails(engine.KindStranger, "Another Holdfast server answers at "+c.v.settings.Origin)
		c.stop()
		c.data, c.at = data, at
		c.start()
		p.backUp()
	})
}
