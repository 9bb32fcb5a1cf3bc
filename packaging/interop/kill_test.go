//go:build linux

package interop

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// uploadedTwice is how many bytes a kill may cost, the promise of the product.
const uploadedTwice = 64 << 20

// perRound is how much is new in each round: noise, so that it takes as much
// room at the destination, and enough to see it when all of it goes up twice.
const perRound = 144 << 20

func TestAKilledBackupLosesNothingAndUploadsLittleTwice(t *testing.T) {
	kills := 10
	if s := os.Getenv("KILLS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("KILLS: %v", err)
		}
		kills = n
	}
	r := dice(t)
	for done := 0; done < kills; done += 10 { // a fresh repository now and then, to bound the disk
		rounds := min(10, kills-done)
		t.Run(fmt.Sprintf("kills %d to %d", done+1, done+rounds), func(t *testing.T) { killRounds(t, r, rounds) })
	}
}

func killRounds(t *testing.T, r *rand.Rand, rounds int) {
	dir := t.TempDir()
	source, repository := filepath.Join(dir, "source"), filepath.Join(dir, "repository")
	c := newComputer(t)
	c.run("setup", repository)
	renew(t, source, r)
	started := time.Now()
	c.run("backup", source)
	takes := time.Since(started)

	var worst int64
	for round := range rounds {
		renew(t, source, r)
		before := stored(t, repository)
		moment := time.Duration(r.Float64() * 1.1 * float64(takes))
		running := c.kill(moment, "backup", source)
		after := stored(t, repository)
		c.run("backup", source)
		twice := stored(t, repository) - before - perRound
		worst = max(worst, twice)
		t.Logf("round %d: killed after %v (running: %t) with %d MiB stored; %.1f MiB uploaded twice, trees among them",
			round+1, moment.Round(time.Millisecond), running, (after-before)>>20, float64(twice)/(1<<20))
		if twice >= uploadedTwice {
			t.Errorf("round %d: %d MiB were uploaded twice", round+1, twice>>20)
		}
		c.run("check")
		out := filepath.Join(dir, "out")
		c.run("get", source, "--to", out, "--permissions", "original")
		same(t, "after the kill", manifestOf(t, source), manifestOf(t, out))
		must(t, os.RemoveAll(out))
	}
	newReader(t, repository, password).run("check", "--read-data")
	t.Logf("at worst %.1f MiB were uploaded twice", float64(worst)/(1<<20))
}

// renew replaces all files by new ones, small and large: half of the bytes lie in
// one file, to kill in the middle of it too.
func renew(t *testing.T, source string, r *rand.Rand) {
	t.Helper()
	must(t, os.RemoveAll(source))
	put(t, filepath.Join(source, "disk.img"), noise(r, perRound/2), 0o600)
	left := perRound / 2
	for i := 0; left > 0; i++ {
		size := min(left, 1+r.IntN(1<<20))
		put(t, filepath.Join(source, fmt.Sprintf("%02d", i%20), fmt.Sprintf("%d.bin", i)), noise(r, size), 0o600)
		left -= size
	}
}
