//go:build linux

package interop

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestResticReadsTenBackupsWithAKillAmongThem(t *testing.T) {
	r := dice(t)
	dir := t.TempDir()
	source, repository := filepath.Join(dir, "source"), filepath.Join(dir, "repository")
	garden(t, source, r)
	c := newComputer(t)
	c.run("setup", repository)

	var days []manifest
	var times []time.Time
	for day := range 10 {
		if day > 0 {
			change(t, source, r, day)
		}
		if day == 5 {
			c.kill(time.Duration(r.IntN(400))*time.Millisecond, "backup", source)
			put(t, filepath.Join(source, "after the kill"), []byte("x"), 0o644)
		}
		c.run("backup", source)
		days, times = append(days, manifestOf(t, source)), append(times, time.Now())
		time.Sleep(10 * time.Millisecond) // so that a moment lies in one backup
	}

	restic := newReader(t, repository, password)
	restic.run("check", "--read-data")
	snapshots := restic.snapshots()
	if len(snapshots) != 10 {
		t.Errorf("restic counts %d snapshots of 10 backups", len(snapshots))
	}
	out := filepath.Join(dir, "restic-latest")
	restic.run("restore", "latest", "--target", out)
	same(t, "restic restore latest", forOldRestic(days[9]), forOldRestic(manifestOf(t, filepath.Join(out, source))))
	out = filepath.Join(dir, "restic-old")
	restic.run("restore", snapshots[3].ID, "--target", out)
	same(t, "restic restore of the fourth", forOldRestic(days[3]), forOldRestic(manifestOf(t, filepath.Join(out, source))))

	out = filepath.Join(dir, "holdfast-latest")
	c.run("get", source, "--to", out, "--permissions", "original")
	same(t, "holdfast get", days[9], manifestOf(t, out))
	out = filepath.Join(dir, "holdfast-old")
	c.run("get", source, "--at", times[2].Format(time.RFC3339Nano), "--to", out, "--permissions", "original")
	same(t, "holdfast get of the third", days[2], manifestOf(t, out))
	c.run("check", "--data")
}

func TestTheRecoveryCodeOpensTheRepositoryForRestic(t *testing.T) {
	dir := t.TempDir()
	source, repository := filepath.Join(dir, "source"), filepath.Join(dir, "repository")
	put(t, filepath.Join(source, "letter.txt"), []byte("Dear Ann"), 0o644)
	c := newComputer(t)
	printed := c.run("setup", repository, "--json")
	c.run("backup", source)

	code := recoveryCode(t, printed)
	restic := newReader(t, repository, code)
	out := filepath.Join(dir, "out")
	restic.run("restore", "latest", "--target", out)
	same(t, "restic restore with the recovery code", manifestOf(t, source), manifestOf(t, filepath.Join(out, source)))
	if _, exit := newReader(t, repository, code+"x").try("snapshots"); exit == 0 {
		t.Error("a wrong code opened the repository")
	}
}

func TestHoldfastContinuesWhatResticBegan(t *testing.T) {
	r := dice(t)
	dir := t.TempDir()
	source, repository := filepath.Join(dir, "source"), filepath.Join(dir, "repository")
	garden(t, source, r)
	must(t, os.Remove(filepath.Join(source, linkToBytes)))
	restic := newReader(t, repository, password)
	restic.run("init", "--repository-version", "2")
	restic.run("backup", "--host", "old-laptop", source)
	first := manifestOf(t, source)
	change(t, source, r, 1)
	restic.run("backup", "--host", "old-laptop", source)
	second := manifestOf(t, source)

	c := newComputer(t)
	c.run("setup", repository)
	listed := c.run("ls", "--computer", "old-laptop", filepath.Join(source, "Documents"))
	if !strings.Contains(listed, "table.csv") {
		t.Errorf("holdfast ls does not show what restic stored:\n%s", listed)
	}
	out := filepath.Join(dir, "from restic")
	c.run("get", source, "--computer", "old-laptop", "--to", out, "--permissions", "original")
	same(t, "holdfast get of what restic stored", second, manifestOf(t, out))
	times := restic.snapshots()
	out = filepath.Join(dir, "older from restic")
	c.run("get", source, "--computer", "old-laptop", "--at", times[0].Time.Format(time.RFC3339Nano), "--to", out,
		"--permissions", "original")
	same(t, "holdfast get of the older one", first, manifestOf(t, out))

	before := stored(t, repository)
	c.run("backup", source)
	if grown := stored(t, repository) - before; grown > 1<<20 {
		t.Errorf("a backup of files that restic had stored added %d bytes", grown)
	}
	change(t, source, r, 2)
	c.run("backup", source)
	third := manifestOf(t, source)
	restic.run("check", "--read-data")

	// And back: restic continues, then throws old things away under our feet.
	change(t, source, r, 3)
	restic.run("backup", "--host", "old-laptop", source)
	fourth := manifestOf(t, source)
	restic.run("forget", "--group-by", "host", "--keep-last", "1", "--prune")
	out = filepath.Join(dir, "after prune")
	c.run("get", source, "--to", out, "--permissions", "original")
	same(t, "holdfast get after restic pruned", third, manifestOf(t, out))
	c.run("backup", source)
	c.run("check", "--data")
	restic.run("check", "--read-data")
	out = filepath.Join(dir, "latest")
	restic.run("restore", "latest", "--target", out)
	same(t, "restic restore after all", fourth, manifestOf(t, filepath.Join(out, source)))
}

// forOldRestic leaves out what restic before 0.16 cannot keep: a link to a name
// that is not UTF-8.
func forOldRestic(m manifest) manifest {
	m = maps.Clone(m)
	delete(m, linkToBytes)
	return m
}

// snapshot is what restic says of one, the oldest first.
type snapshot struct {
	ID   string    `json:"id"`
	Time time.Time `json:"time"`
	Host string    `json:"hostname"`
}

func (r *reader) snapshots() []snapshot {
	r.t.Helper()
	var list []snapshot
	if err := json.Unmarshal([]byte(r.run("snapshots", "--json")), &list); err != nil {
		r.t.Fatal(err)
	}
	return list
}

// recoveryCode takes the code out of what setup printed as JSON.
func recoveryCode(t *testing.T, printed string) string {
	t.Helper()
	var result struct{ RecoveryCode string }
	if err := json.Unmarshal([]byte(printed), &result); err != nil || result.RecoveryCode == "" {
		t.Fatalf("no recovery code in what setup printed (%v):\n%s", err, printed)
	}
	return result.RecoveryCode
}
