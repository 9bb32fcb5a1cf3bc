package main

import (
	"os"
	"path/filepath"
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

func TestAnotherCertificateIsAStranger(t *testing.T) {
	inEachCollege(t, func(t *testing.T, c *college) {
		p := c.computer("laptop")
		p.join()
		p.backUp()
		old := c.fingerprint()
		c.stop()
		if err := os.RemoveAll(filepath.Join(c.data, "tls")); err != nil {
			t.Fatal(err)
		}
		c.start()
		now := c.fingerprint()
		if now == old {
			t.Fatal("the certificate is the same")
		}
		p.backUpFails(engine.KindStranger, "shows another certificate than before ("+now[:4]+" "+now[4:8]) // with the store open
		p.reopen()
		p.backUpFails(engine.KindStranger, "shows another certificate than before ("+now[:4]+" "+now[4:8])
		p.join() // the person has compared it
		p.backUp()
		if c.seats() != 1 {
			t.Errorf("%d seats are taken", c.seats())
		}
	})
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
