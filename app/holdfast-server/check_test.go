package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/engine/server/databasetest"
	"holdfast/engine/server/store/disk"
)

func TestStoredFilesThatTheDatabaseDoesNotKnowAreFoundAndHeldWhenThatIsAskedFor(t *testing.T) {
	eachOffice(t, func(o *office) {
		ann := o.join("ann@college.edu")
		files, err := disk.Open(filepath.Join(o.settings[1], "objects"))
		if err != nil {
			o.Fatal(err)
		}
		lay := func(account, content, there string) string {
			o.Helper()
			sum := sha256.Sum256([]byte(content))
			key := account + "/snapshots/" + hex.EncodeToString(sum[:])
			if err := files.Create(o.Context(), key, strings.NewReader(there), int64(len(there))); err != nil {
				o.Fatal(err)
			}
			return key
		}
		whole, wrong, nobodys := lay(ann.ID, "whole", "whole"), lay(ann.ID, "wrong", "wrung"), lay(strings.Repeat("0", 32), "x", "x")
		type listed struct {
			Key, Email, Note string
			Held             bool
		}
		check := func(held bool, flags ...string) {
			o.Helper()
			var got []listed
			o.must(&got, append([]string{"check"}, flags...)...)
			notes := map[string]string{whole: "", wrong: "not what its name says", nobodys: "of no account"}
			for _, r := range got {
				note, known := notes[r.Key]
				if !known || !strings.Contains(r.Note, note) || (r.Note == "") != (note == "") || r.Held != (held && r.Key == whole) {
					o.Errorf("found is %+v", r)
				}
				delete(notes, r.Key)
			}
			if len(notes) != 0 {
				o.Errorf("not found are %v", notes)
			}
		}
		before := databasetest.Contents(o, o.db)
		check(false)
		databasetest.Without(o, o.db, "audit", func() { o.refused("check", "--hold") })
		if after := databasetest.Contents(o, o.db); after != before {
			o.Errorf("it changed\n%s\ninto\n%s", before, after)
		}
		entries, _ := o.traces()
		check(true, "--hold")
		if e, _ := o.traces(); e != entries+1 {
			o.Errorf("it left %d entries", e-entries)
		}
		var left []listed
		o.must(&left, "check", "--hold")
		if len(left) != 2 {
			o.Errorf("left are %+v", left)
		}
		if e, _ := o.traces(); e != entries+1 {
			o.Errorf("holding nothing left %d entries", e-entries-1)
		}
		var content bytes.Buffer
		from, err := files.Open(o.Context(), wrong, 0, -1)
		if err != nil {
			o.Fatal(err)
		}
		defer from.Close()
		if _, err := content.ReadFrom(from); err != nil || content.String() != "wrung" {
			o.Errorf("what is not what its name says became %q, %v", content.String(), err)
		}
	})
}
