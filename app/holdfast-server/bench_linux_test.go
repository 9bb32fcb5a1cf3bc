package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"holdfast/engine/server/institutiontest"
)

// How long a first backup takes to a folder and to the server, in turns on the same
// machine. HOLDFAST_CORPUS is the folder to back up; the unit "x" is what the server
// takes of the time to a folder. The programs are run as a person would run them.
func BenchmarkFirstBackup(b *testing.B) {
	corpus := os.Getenv("HOLDFAST_CORPUS")
	if corpus == "" {
		b.Skip("HOLDFAST_CORPUS names no folder")
	}
	for range b.N {
		i := found(b, small)
		remote := i.Member()
		local := i.Computer("local")
		local.Run("setup", filepath.Join(i.Home, "folder"))
		var took [2]time.Duration
		for k, m := range []*institutiontest.Computer{local, remote} {
			m.Run("select", "drop", m.User)
			m.Run("select", "add", corpus)
			began := time.Now()
			m.Run("backup", "--quiet")
			took[k] = time.Since(began)
		}
		b.ReportMetric(took[0].Seconds(), "s-folder")
		b.ReportMetric(took[1].Seconds(), "s-server")
		b.ReportMetric(took[1].Seconds()/took[0].Seconds(), "x")
	}
}
