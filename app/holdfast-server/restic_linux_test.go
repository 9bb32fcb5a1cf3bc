package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Plain restic backs up with a computer's credential, and may not forget.
func TestResticUsesACredentialAndMayNotForget(t *testing.T) {
	onBoth(t, func(t *testing.T, p pair) {
		i := found(t, p)
		var bob struct{ ID string }
		i.Command(&bob, "user", "add", "bob@college.edu")
		var made struct{ Repository string }
		i.Command(&made, "device", "add", "bob@college.edu", "--name", "server")
		source := filepath.Join(i.Home, "source")
		write(t, source, 20)
		restic := func(args ...string) ([]byte, error) {
			cmd := exec.Command("restic", append([]string{"--cacert", filepath.Join(i.Data, "tls", "cert.pem"), "--no-cache"}, args...)...)
			cmd.Env = append(os.Environ(), "RESTIC_PASSWORD=x", "RESTIC_REPOSITORY="+made.Repository)
			return cmd.CombinedOutput()
		}
		back := filepath.Join(i.Home, "restic-back")
		for _, args := range [][]string{{"init"}, {"backup", source}, {"backup", source}, {"check", "--read-data"}, {"restore", "latest", "--target", back}} {
			if out, err := restic(args...); err != nil {
				t.Fatalf("restic %v: %v\n%s", args, err, out)
			}
		}
		same(t, source, filepath.Join(back, source))
		if out, err := restic("forget", "--keep-last", "1"); err == nil || !bytes.Contains(out, []byte("403")) {
			t.Fatalf("restic forgot: %v\n%s", err, out)
		}
		if out, err := restic("snapshots"); err != nil || bytes.Count(out, []byte(source)) != 2 {
			t.Fatalf("snapshots: %v\n%s", err, out)
		}
	})
}
