//go:build linux

package e2e

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"holdfast/ui/desktop/uimap"
)

// contents is where the list of Get Files begins: left of it are the navigation
// and the tree, which show the same names.
const contents = 480

func TestTheMainJobAsAPersonDoesIt(t *testing.T) {
	home := sampleHome(t)
	destination := filepath.Join(os.Getenv("HOLDFAST_SESSION"), "drive", "backup")
	if err := os.MkdirAll(filepath.Dir(destination), 0o755); err != nil {
		t.Fatal(err)
	}
	keys := inTheKeyring(t)
	s := start(t)

	setUp(s, destination)
	if inTheKeyring(t) <= keys {
		t.Error("the key of this computer does not lie in the keyring")
	}

	s.see(state("Protected"), later)
	s.picture("protected")

	chapter := filepath.Join(home, "Documents", "thesis", "chapter-3.txt")
	survey := filepath.Join(home, "Documents", "thesis", "survey-raw.csv")
	older, err := os.ReadFile(chapter)
	if err != nil {
		t.Fatal(err)
	}
	lost, err := os.ReadFile(survey)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(8, 8))
	keep(t, chapter, prose(r, 50_000))
	keep(t, filepath.Join(home, "Pictures", "rehearsal.mp4"), video(r))
	if err := os.Remove(survey); err != nil {
		t.Fatal(err)
	}
	backUpNow(s, destination)

	openThesis(s)
	chooseOlder(s, "chapter-3.txt")
	got := getFiles(s, 1, "chapter-3.txt")
	if !bytes.Equal(got, older) {
		t.Errorf("the older version has %d bytes, and not those of before (%d)", len(got), len(older))
	}
	if now, err := os.ReadFile(chapter); err != nil || bytes.Equal(now, older) {
		t.Errorf("the file in its place was touched: %v", err)
	}

	s.click(button("Get Files"))
	s.see(words("deleted today"), soon)
	s.click(row("survey-raw.csv").rightOf(contents))
	s.key("space")
	s.see(words("1 chosen").or(words("1 file")), soon)
	s.picture("deleted-file")
	if got := getFiles(s, 2, "survey-raw.csv"); !bytes.Equal(got, lost) {
		t.Errorf("the deleted file has %d bytes, and not those of before (%d)", len(got), len(lost))
	}
	theTrayKeepsIt(s)
}

// setUp goes from the first window to Home.
func setUp(s *screen, destination string) {
	s.t.Helper()
	s.see(words("Your files, safe by themselves."), soon)
	s.picture("first-window")
	s.click(button("Back up to a folder or drive instead"))
	s.write(field(1), destination)
	s.settled(button("Continue"))
	s.picture("destination")
	s.click(button("Continue"))
	s.see(words("Your recovery code"), soon)
	s.picture("recovery-code")
	s.click(button("I have kept it in a safe place"))
	s.click(button("Done"))
	s.see(words("This computer"), soon)
	s.see(state("Backing up").or(state("Protected")), soon)
	s.picture("home")
}

// inTheKeyring counts what the real keyring holds.
func inTheKeyring(t *testing.T) int {
	t.Helper()
	bus, err := dbus.ConnectSessionBus()
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	var unlocked, locked []dbus.ObjectPath
	err = bus.Object("org.freedesktop.secrets", "/org/freedesktop/secrets").
		Call("org.freedesktop.Secret.Service.SearchItems", 0, map[string]string{}).Store(&unlocked, &locked)
	if err != nil {
		t.Fatal(err)
	}
	return len(unlocked)
}

// backUpNow presses the button and waits for another snapshot to be kept.
func backUpNow(s *screen, destination string) {
	s.t.Helper()
	kept := func() int {
		entries, err := os.ReadDir(filepath.Join(destination, "snapshots"))
		if err != nil {
			s.t.Fatal(err)
		}
		return len(entries)
	}
	before := kept()
	s.click(button("Back up now"))
	s.see(words("Backing up"), soon)
	s.picture("backing-up-again")
	s.until(later, "second backup", func() bool { return kept() > before })
	s.see(state("Protected"), soon)
	s.picture("backed-up-again")
}

// openThesis goes to the folder in Get Files.
func openThesis(s *screen) {
	s.t.Helper()
	s.click(button("Get Files"))
	s.see(row("Documents").rightOf(contents), soon)
	s.picture("get-files")
	s.open(row("Documents").rightOf(contents), row("thesis").rightOf(contents))
	s.open(row("thesis").rightOf(contents), row("chapter-3.txt").rightOf(contents))
	s.picture("thesis")
}

// chooseOlder opens the clock of a file and takes the second newest version.
func chooseOlder(s *screen, name string) {
	s.t.Helper()
	file := row(name).rightOf(contents)
	s.click(file)
	s.click(button("Versions").beside(file, 800))
	s.see(words("Versions of "+name), soon)
	s.settled(button("Choose"))
	s.key("Down")
	s.picture("versions")
	s.click(button("Choose"))
	s.see(words("1 chosen").or(words("1 file")), soon)
	s.picture("older-version-chosen")
}

// getFiles takes what is chosen to Downloads, as the n-th such job, and returns
// what lies there then.
func getFiles(s *screen, n int, name string) []byte {
	s.t.Helper()
	s.click(button("Get Files").rightOf(contents))
	s.see(words("Save to"), soon)
	s.settled(button("Go"))
	s.picture("options")
	s.click(button("Go"))
	s.until(soon, "restored and verified", func() bool {
		done := 0
		for _, c := range s.look().Controls {
			if c.Kind == uimap.Text && strings.Contains(c.Text, "1 restored and verified") {
				done++
			}
		}
		return done == n
	})
	s.picture("downloads")
	var found string
	downloads := filepath.Join(os.Getenv("HOME"), "Downloads")
	err := filepath.WalkDir(downloads, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == name {
			found = path
		}
		return err
	})
	if err != nil || found == "" {
		s.t.Fatalf("%s is not in %s (%v)", name, downloads, err)
	}
	data, err := os.ReadFile(found)
	if err != nil {
		s.t.Fatal(err)
	}
	return data
}
