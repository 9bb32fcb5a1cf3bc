package source

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

func TestMountTable(t *testing.T) {
	table := `21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 21 0:25 / /mnt/a\040b\134c ro,relatime - nfs4 server:/share rw
31 21 8:17 / /media/stick rw - vfat /dev/sdb1 rw
32 21 8:33 / /media/stick rw master:2 - exfat /dev/sdc1 rw
33 21 0:30 / /sshfs rw - fuse.sshfs me@there: rw
34 21 8:49 / /windows rw - fuseblk /dev/sdd1 rw
nonsense
35 21 0:31 / /tmp rw - tmpfs tmpfs rw`
	got := make(map[string]Mount)
	for _, m := range parseMounts([]byte(table)) {
		got[m.Path] = m.Mount
	}
	if len(got) != 6 {
		t.Errorf("%d mounts: %v", len(got), got)
	}
	if m := got[`/mnt/a b\c`]; !m.Network || !m.ReadOnly || m.Device != "server:/share" {
		t.Errorf("%+v", m)
	}
	if m := got["/media/stick"]; m.FSType != "exfat" || m.Network {
		t.Errorf("%+v", m)
	}
	if !got["/sshfs"].Network || got["/windows"].Network || !got["/tmp"].Virtual {
		t.Errorf("%+v", got)
	}
}

func TestOwnerNamesAreAskedForOnce(t *testing.T) {
	asked := 0
	n := &names{lookup: func(id string) (string, error) {
		asked++
		if id == "7" {
			return "", errors.New("unknown")
		}
		return "user" + id, nil
	}}
	for range 3 {
		if n.name(5) != "user5" || n.name(7) != "" {
			t.Fatalf("%q, %q", n.name(5), n.name(7))
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
}

func TestTimesBeyondReachStayAtTheEdge(t *testing.T) {
	if nanoseconds(1<<60, 0) <= 0 || nanoseconds(-1<<60, 0) >= 0 || nanoseconds(1, 2) != 1_000_000_002 || nanoseconds(-1, 5) != -999_999_995 {
		t.Error("a time became another one")
	}
}

func TestAKernelWithoutStatxIsServedToo(t *testing.T) {
	root := t.TempDir()
	d, err := openDir(root)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	with, err := d.Stat()
	if err != nil {
		t.Fatal(err)
	}
	withoutStatx.Store(true)
	defer withoutStatx.Store(false)
	without, err := d.Stat()
	if err != nil || with != without {
		t.Errorf("statx says %+v, fstatat %+v, %v", with, without, err)
	}
}

// FuzzListing gives the parser what a broken file system driver might.
func FuzzListing(f *testing.F) {
	entry := func(name string) []byte {
		b := make([]byte, direntName, direntName+len(name)+8)
		b = append(b, name+"\x00"...)
		for len(b)%8 != 0 {
			b = append(b, 0)
		}
		binary.NativeEndian.PutUint16(b[direntLength:], uint16(len(b)))
		return b
	}
	f.Add(append(entry("."), append(entry(".."), entry("a name")...)...))
	f.Add(entry(strings.Repeat("x", 255)))
	f.Add(entry("")[:20])
	f.Add(entry("a/b"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var l listing
		_ = l.parse(raw)
		for _, it := range l.items {
			name := string(l.names[it.at : it.at+it.length])
			if !validName(name) || l.names[it.at+it.length] != 0 {
				t.Errorf("took %q", name)
			}
		}
	})
}
