package repo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// referenceNode is the format's node as encoding/json writes it; what EncodeTree
// writes by hand is held against it.
type referenceNode struct {
	Name               string               `json:"name"`
	Type               string               `json:"type"`
	Mode               os.FileMode          `json:"mode,omitempty"`
	ModTime            time.Time            `json:"mtime"`
	AccessTime         time.Time            `json:"atime"`
	ChangeTime         time.Time            `json:"ctime"`
	UID                uint32               `json:"uid"`
	GID                uint32               `json:"gid"`
	User               string               `json:"user,omitempty"`
	Group              string               `json:"group,omitempty"`
	Inode              uint64               `json:"inode,omitempty"`
	DeviceID           uint64               `json:"device_id,omitempty"`
	Size               uint64               `json:"size,omitempty"`
	Links              uint64               `json:"links,omitempty"`
	LinkTarget         string               `json:"linktarget,omitempty"`
	LinkTargetRaw      []byte               `json:"linktarget_raw,omitempty"`
	ExtendedAttributes []referenceAttribute `json:"extended_attributes,omitempty"`
	GenericAttributes  json.RawMessage      `json:"generic_attributes,omitempty"`
	Device             uint64               `json:"device,omitempty"`
	Content            []ID                 `json:"content"`
	Subtree            *ID                  `json:"subtree,omitempty"`
	Error              string               `json:"error,omitempty"`
}

type referenceAttribute struct {
	Name  string `json:"name"`
	Value []byte `json:"value"`
}

func reference(nodes []Node) []byte {
	tree := struct {
		Nodes []referenceNode `json:"nodes"`
	}{Nodes: []referenceNode{}}
	for _, n := range nodes {
		quoted := strconv.Quote(n.Name)
		j := referenceNode{
			Name: quoted[1 : len(quoted)-1], Type: n.Type, Mode: n.Mode, ModTime: n.ModTime, AccessTime: n.AccessTime, ChangeTime: n.ChangeTime,
			UID: n.UID, GID: n.GID, User: n.User, Group: n.Group, Inode: n.Inode, DeviceID: n.DeviceID, Size: n.Size, Links: n.Links,
			LinkTarget: n.LinkTarget, GenericAttributes: n.GenericAttributes, Device: n.Device, Content: n.Content, Subtree: n.Subtree, Error: n.Error,
		}
		if !utf8.ValidString(n.LinkTarget) {
			j.LinkTargetRaw = []byte(n.LinkTarget)
		}
		for _, a := range n.ExtendedAttributes {
			j.ExtendedAttributes = append(j.ExtendedAttributes, referenceAttribute(a))
		}
		tree.Nodes = append(tree.Nodes, j)
	}
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(tree); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// awkward are strings that some escaping or quoting treats differently.
var awkward = []string{
	"plain.txt", "with space", "Ünïcödé", "日本語", "emoji 🐚", `"quoted"`, `back\slash`, "new\nline", "tab\there", "bell\a", "\b\f\r\v",
	"<html>&amp;", "\x7fdelete", "\x00"[:0] + "\x01", "latin1 \xe9", "\xff\xfe", "half \xc3", "line\u2028separator\u2029", "zero\u200bwidth",
	"surrogate \xed\xa0\x80", "\ufffd", "'single'", "`back`", "\u00a0", "\U0010ffff", "%s%d", "-rf", "..hidden", "...", strings.Repeat("long", 60),
}

func randomNode(r *rand.Rand, name string) Node {
	pick := func() string { return awkward[r.IntN(len(awkward))] }
	at := func() time.Time {
		zones := []*time.Location{time.UTC, time.FixedZone("", 3600), time.FixedZone("", -(3*3600 + 30*60)), time.FixedZone("", 14*3600)}
		nano := []int64{0, 1, 500_000_000, 123_456_789, 999_999_999, 120_000_000}
		return time.Unix(r.Int64N(8e9)-4e9, nano[r.IntN(len(nano))]).In(zones[r.IntN(len(zones))])
	}
	id := func() (id ID) {
		for i := range id {
			id[i] = byte(r.Uint32())
		}
		return id
	}
	n := Node{Name: name, Mode: os.FileMode(r.Uint32()) & ModeMask, ModTime: at(), AccessTime: at(), ChangeTime: at(), UID: r.Uint32(), GID: r.Uint32() & 1}
	n.Type = []string{NodeFile, NodeDir, NodeSymlink, NodeChar, NodeFIFO}[r.IntN(5)]
	switch n.Type {
	case NodeFile:
		n.Size, n.Links, n.Content = r.Uint64(), uint64(r.IntN(3)), []ID{}
		for range r.IntN(5) {
			n.Content = append(n.Content, id())
		}
	case NodeDir:
		subtree := id()
		n.Subtree = &subtree
	case NodeSymlink:
		n.LinkTarget = pick()
	case NodeChar:
		n.Device = r.Uint64()
	}
	if r.IntN(2) == 0 {
		n.User, n.Group, n.Inode, n.DeviceID = pick(), pick(), r.Uint64(), r.Uint64()
	}
	if r.IntN(4) == 0 {
		n.ExtendedAttributes = []ExtendedAttribute{{pick(), noise(r.IntN(40))}, {pick(), nil}, {"user.empty", []byte{}}}
		n.GenericAttributes = json.RawMessage(`{"windows.file_attributes":32,"a":"<b>"}`)
		n.Error = pick()
	}
	return n
}

func randomTree(r *rand.Rand, size int) []Node {
	var nodes []Node
	for i := range size {
		nodes = append(nodes, randomNode(r, fmt.Sprintf("%s %d", awkward[r.IntN(len(awkward))], i)))
	}
	slices.SortFunc(nodes, func(a, b Node) int { return strings.Compare(a.Name, b.Name) })
	return nodes
}

func TestTreesAreWrittenByteForByteAsEncodingJSONDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for size := range 60 {
		nodes := randomTree(r, size)
		want := reference(nodes)
		got, err := EncodeTree(nodes, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			i := 0
			for i < min(len(got), len(want)) && got[i] == want[i] {
				i++
			}
			t.Fatalf("differs at byte %d:\n%s\n%s", i, got[max(i-60, 0):min(i+60, len(got))], want[max(i-60, 0):min(i+60, len(want))])
		}
	}
	for _, name := range awkward {
		n := Node{Name: name, Type: name, User: name, LinkTarget: name}
		got, err := EncodeTree([]Node{n}, nil)
		if err != nil || !bytes.Equal(got, reference([]Node{n})) {
			t.Errorf("%q: %v\n%s%s", name, err, got, reference([]Node{n}))
		}
	}
}

// sameNode compares two nodes by what they mean.
func sameNode(a, b Node) bool {
	if !a.ModTime.Equal(b.ModTime) || !a.AccessTime.Equal(b.AccessTime) || !a.ChangeTime.Equal(b.ChangeTime) {
		return false
	}
	a.ModTime, a.AccessTime, a.ChangeTime = b.ModTime, b.AccessTime, b.ChangeTime
	return reflect.DeepEqual(a, b)
}

func TestWhatIsWrittenIntoATreeIsReadFromIt(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for size := range 40 {
		nodes := randomTree(r, size)
		for i := range nodes {
			// JSON cannot hold these; the format loses them in all programs.
			nodes[i].User, nodes[i].Group, nodes[i].Error = strings.ToValidUTF8(nodes[i].User, "?"), "users", ""
			if len(nodes[i].ExtendedAttributes) > 0 {
				nodes[i].ExtendedAttributes[0].Name = "user.x"
				nodes[i].ExtendedAttributes[1].Name = "user.y"
				nodes[i].GenericAttributes = json.RawMessage(`{"a":1}`)
			}
		}
		data, err := EncodeTree(nodes, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeTree(data)
		if err != nil || len(got) != len(nodes) {
			t.Fatalf("%d of %d nodes, %v", len(got), len(nodes), err)
		}
		for i := range got {
			if !sameNode(got[i], nodes[i]) {
				t.Fatalf("node %d:\n%+v\n%+v", i, got[i], nodes[i])
			}
		}
		again, err := EncodeTree(got, nil)
		if err != nil || !bytes.Equal(again, data) {
			t.Fatalf("written again it is something else, %v", err)
		}
	}
}

func TestANodeAloneIsWrittenAsInATree(t *testing.T) {
	n := randomNode(rand.New(rand.NewPCG(1, 1)), awkward[8])
	document, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := EncodeTree([]Node{n}, nil)
	if err != nil || string(tree) != `{"nodes":[`+string(document)+"]}\n" {
		t.Fatalf("%s\n%s", document, tree)
	}
	var got Node
	if err := json.Unmarshal(document, &got); err != nil || !sameNode(got, n) {
		t.Fatalf("%v\n%+v\n%+v", err, got, n)
	}
}

func TestEncodeTreePutsNodesInOrderAndRefusesWhatCannotBeRead(t *testing.T) {
	nodes := []Node{{Name: "b"}, {Name: "B"}, {Name: "a"}, {Name: "ab"}}
	data, err := EncodeTree(nodes, []byte("rubbish"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(data, reference([]Node{{Name: "B"}, {Name: "a"}, {Name: "ab"}, {Name: "b"}})) {
		t.Errorf("%s", data)
	}
	for _, names := range [][]string{{""}, {"."}, {".."}, {"a/b"}, {"a\x00"}, {"x", "y", "x"}} {
		var nodes []Node
		for _, name := range names {
			nodes = append(nodes, Node{Name: name, Type: NodeFile})
		}
		if _, err := EncodeTree(nodes, nil); err == nil {
			t.Errorf("%q was written", names)
		}
	}
	if data, err := EncodeTree(nil, nil); err != nil || string(data) != "{\"nodes\":[]}\n" {
		t.Errorf("an empty folder: %s, %v", data, err)
	}
}

func TestYearsThatTheFormatCannotSayBecomeTheNearest(t *testing.T) {
	n := Node{Name: "old", ModTime: time.Date(-5, 3, 1, 0, 0, 0, 0, time.UTC), AccessTime: time.Date(12000, 3, 1, 0, 0, 0, 0, time.UTC)}
	data, err := EncodeTree([]Node{n}, nil)
	if err != nil || !bytes.Contains(data, []byte(`"mtime":"0000-03-01T00:00:00Z","atime":"9999-03-01T00:00:00Z"`)) {
		t.Fatalf("%s %v", data, err)
	}
	if _, err := DecodeTree(data); err != nil {
		t.Fatal(err)
	}
}

func TestEntriesThatWouldLeaveTheFolderAreRefusedAndTheOthersKept(t *testing.T) {
	var refused *RefusedError
	nodes, err := DecodeTree([]byte(`{"nodes":[
		{"name":"good","type":"file","content":[]},
		{"name":"","type":"file"}, {"name":".","type":"dir"}, {"name":"..","type":"dir"},
		{"name":"../../etc/passwd","type":"file"}, {"name":"a\\x00b","type":"file"}, {"name":"a\\x2fb","type":"file"},
		{"name":"broken \\q","type":"file"}, {"type":"file"}, {"name":null},
		{"name":"good","type":"dir"},
		{"name":"also good","type":"file"}]}`))
	if !errors.As(err, &refused) || !errors.Is(err, ErrDamaged) {
		t.Fatalf("%v", err)
	}
	if refused.Count != 10 || len(nodes) != 2 || nodes[0].Name != "also good" || nodes[1].Name != "good" || nodes[1].Type != NodeFile {
		t.Fatalf("%d refused, kept %+v: %v", refused.Count, nodes, err)
	}
}

func TestWhatIsNotATreeIsRefused(t *testing.T) {
	id := strings.Repeat("a", 64)
	for name, document := range map[string]string{
		"nothing":                 ``,
		"null":                    `null`,
		"a list":                  `[]`,
		"an object without nodes": `{}`,
		"two documents":           `{"nodes":[]}{"nodes":[]}`,
		"cut short":               `{"nodes":[{"name":"a"`,
		"no comma":                `{"nodes":[{"name":"a"}{"name":"b"}]}`,
		"a trailing comma":        `{"nodes":[{"name":"a"},]}`,
		"a key that is null":      `{"nodes":[{null:"a"}]}`,
		"a name that is a number": `{"nodes":[{"name":1}]}`,
		"a negative size":         `{"nodes":[{"name":"a","size":-1}]}`,
		"a broken number":         `{"nodes":[{"name":"a","size":1.5}]}`,
		"a size beyond 64 bits":   `{"nodes":[{"name":"a","size":18446744073709551616}]}`,
		"a mode beyond 32 bits":   `{"nodes":[{"name":"a","mode":4294967296}]}`,
		"a short id":              `{"nodes":[{"name":"a","content":["` + id[1:] + `"]}]}`,
		"an id of other digits":   `{"nodes":[{"name":"a","subtree":"` + strings.Repeat("g", 64) + `"}]}`,
		"a time that is not":      `{"nodes":[{"name":"a","mtime":"yesterday"}]}`,
		"the 30th of February":    `{"nodes":[{"name":"a","mtime":"2020-02-30T00:00:00Z"}]}`,
		"a broken escape":         `{"nodes":[{"name":"\x"}]}`,
		"half a surrogate escape": `{"nodes":[{"name":"\ud83"}]}`,
		"a raw control character": "{\"nodes\":[{\"name\":\"a\nb\"}]}",
		"base64 that is not":      `{"nodes":[{"name":"a","linktarget_raw":"*"}]}`,
		"deep nesting":            `{"nodes":[{"name":"a","x":` + strings.Repeat("[", 1<<16) + strings.Repeat("]", 1<<16) + `}]}`,
		"deep nesting of objects": `{"x":` + strings.Repeat(`{"x":`, 1<<16) + `1` + strings.Repeat("}", 1<<16) + `,"nodes":[]}`,
	} {
		nodes, err := DecodeTree([]byte(document))
		var refused *RefusedError
		if !errors.Is(err, ErrDamaged) || errors.As(err, &refused) || nodes != nil {
			t.Errorf("%s: %v, %v", name, nodes, err)
		}
	}
}

func TestFieldsOfTomorrowAreSkipped(t *testing.T) {
	nodes, err := DecodeTree([]byte(` { "future" : [1, -2.5e+3, true, false, null, {"a":"\u00e9\ud83d\ude00"}] , "nodes" : [ {"name":"a","type":"file",
		"future":{"x":[[],{}]},"user":"\u003cme\u003e","uid":null,"mtime":null,"content":null,"subtree":null,"extended_attributes":null} ] , "later": 0.1 } `))
	if err != nil || len(nodes) != 1 || nodes[0].User != "<me>" {
		t.Fatalf("%+v, %v", nodes, err)
	}
}

func TestWalkTreeStopsWhereItIsTold(t *testing.T) {
	data, err := EncodeTree(randomTree(rand.New(rand.NewPCG(9, 9)), 10), nil)
	if err != nil {
		t.Fatal(err)
	}
	enough, count := errors.New("enough"), 0
	err = WalkTree(data, func(*Node) error {
		if count++; count == 3 {
			return enough
		}
		return nil
	})
	if err != enough || count != 3 {
		t.Fatalf("%d nodes, %v", count, err)
	}
}

func TestTimesAreReadAsTheStandardLibraryReadsThem(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	check := func(text string) {
		want, err := time.Parse(time.RFC3339Nano, text)
		got, ok := parseTime([]byte(text))
		if ok && (err != nil || !got.Equal(want)) {
			t.Fatalf("%s is read as %v; the standard library says %v, %v", text, got, want, err)
		}
		if ok && got.Format(time.RFC3339Nano) != want.Format(time.RFC3339Nano) {
			t.Fatalf("%s is written again as %v, not %v", text, got, want)
		}
	}
	for range 20000 {
		at := time.Unix(r.Int64N(253402300800+62167219200)-62167219200, r.Int64N(1e9)/[]int64{1, 10, 1000, 1e9}[r.IntN(4)])
		at = at.In(time.FixedZone("", (r.IntN(2*24*60-1)-24*60+1)*60))
		if at.Year() < 0 || at.Year() > 9999 {
			continue
		}
		text := at.Format(time.RFC3339Nano)
		if _, ok := parseTime([]byte(text)); !ok {
			t.Fatalf("%s is not understood", text)
		}
		check(text)
		broken := []byte(text)
		broken[r.IntN(len(broken))] = "0123456789:-+TZ. "[r.IntN(17)]
		check(string(broken))
	}
	for _, text := range []string{"0000-01-01T00:00:00Z", "0000-02-29T23:59:59.5Z", "1900-02-29T00:00:00Z", "2000-02-29T00:00:00+23:59", "9999-12-31T23:59:59.999999999-23:59"} {
		check(text)
	}
}

func TestLargeNumbersSurvive(t *testing.T) {
	n := Node{Name: "a", Type: NodeFile, Content: []ID{}, Inode: math.MaxUint64, Size: math.MaxUint64, UID: math.MaxUint32, Mode: math.MaxUint32}
	data, err := EncodeTree([]Node{n}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := DecodeTree(data); err != nil || !sameNode(got[0], n) {
		t.Fatalf("%+v %v", got, err)
	}
}
