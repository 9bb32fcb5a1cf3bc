package repo

import (
	"encoding/base64"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// RefusedError says that some entries of a tree cannot be used, because a file of
// such a name cannot lie in a folder or must not. The others came with it.
type RefusedError struct {
	Count int
	Names []string // of the first ones, with the reason
}

// Error names the entries.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("repository: %d entries of a folder are refused: %s", e.Count, strings.Join(e.Names, ", "))
}

// Unwrap makes it an ErrDamaged.
func (e *RefusedError) Unwrap() error { return ErrDamaged }

func (e *RefusedError) add(why, name string) {
	const most = 20
	if e.Count++; len(e.Names) < most {
		e.Names = append(e.Names, fmt.Sprintf("%s: %q", why, clip(name)))
	}
}

// DecodeTree reads a folder listing. The nodes come in the order of their names
// and share no memory with data. Entries whose names are empty, ".", "..", taken
// or contain a slash or a NUL are left out; the error is then a *RefusedError and
// the remaining nodes are good. Any other error is ErrDamaged, without nodes.
func DecodeTree(data []byte) ([]Node, error) {
	nodes := make([]Node, 0, len(data)/300+1) // what entries mostly take
	var refused RefusedError
	err := decodeTree(data, &refused, func(n *Node) error {
		nodes = append(nodes, *n)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !sortedByName(nodes) {
		slices.SortStableFunc(nodes, func(a, b Node) int { return strings.Compare(a.Name, b.Name) })
	}
	nodes = slices.CompactFunc(nodes, func(a, b Node) bool {
		if a.Name != b.Name {
			return false
		}
		refused.add("a second entry of the same name", b.Name)
		return true
	})
	if refused.Count > 0 {
		return nodes, &refused
	}
	return nodes, nil
}

// WalkTree calls fn for each node in turn, without holding the whole listing in
// memory as nodes. The node is fn's until it returns; what it points to may be
// kept. An error of fn ends the walk. Otherwise it is as DecodeTree, but for
// names that come twice or out of order, which are fn's to notice.
func WalkTree(data []byte, fn func(*Node) error) error {
	var refused RefusedError
	if err := decodeTree(data, &refused, fn); err != nil {
		return err
	}
	if refused.Count > 0 {
		return &refused
	}
	return nil
}

func decodeTree(data []byte, refused *RefusedError, fn func(*Node) error) error {
	d := treeDecoder{scanner: scanner{data: data}}
	var failed error
	found := false
	var n Node
	if d.peek() != '{' {
		d.fail("expected an object")
	}
	d.object(func(key []byte) {
		if string(key) != "nodes" {
			d.skip()
			return
		}
		found = true
		d.array(func() {
			n = Node{}
			d.refused = ""
			if d.node(&n); d.err != nil {
				return
			}
			if d.refused != "" {
				refused.add(d.refused, n.Name)
				return
			}
			if failed = fn(&n); failed != nil {
				d.fail("stopped")
			}
		})
	})
	if d.err == nil && !found {
		d.fail("no nodes")
	}
	d.end()
	if failed != nil {
		return failed
	}
	return d.err
}

// treeDecoder reads nodes. It hands out ids from slabs, because one allocation for
// each file would be most of the work.
type treeDecoder struct {
	scanner
	refused string // why the node just read cannot be used
	slab    []ID
	ids     []ID
	words   [4]string // the last user, group and type names
}

func (d *treeDecoder) node(n *Node) {
	if d.peek() != '{' {
		d.fail("expected a node")
		return
	}
	named := false
	d.object(func(key []byte) {
		switch string(key) {
		case "name":
			named = true
			d.name(n)
		case "type":
			n.Type = d.word(0)
		case "mode":
			n.Mode = os.FileMode(d.uint(math.MaxUint32))
		case "mtime":
			n.ModTime = d.time()
		case "atime":
			n.AccessTime = d.time()
		case "ctime":
			n.ChangeTime = d.time()
		case "uid":
			n.UID = uint32(d.uint(math.MaxUint32))
		case "gid":
			n.GID = uint32(d.uint(math.MaxUint32))
		case "user":
			n.User = d.word(1)
		case "group":
			n.Group = d.word(2)
		case "inode":
			n.Inode = d.uint(math.MaxUint64)
		case "size":
			n.Size = d.uint(math.MaxUint64)
		case "links":
			n.Links = d.uint(math.MaxUint64)
		case "content":
			n.Content = d.content()
		case "subtree":
			n.Subtree = d.subtree()
		default:
			d.rare(n, key)
		}
	})
	if d.err == nil && !named {
		d.refused = refuseName("")
	}
}

// rare reads the fields that few nodes have.
func (d *treeDecoder) rare(n *Node, key []byte) {
	switch string(key) {
	case "device_id":
		n.DeviceID = d.uint(math.MaxUint64)
	case "device":
		n.Device = d.uint(math.MaxUint64)
	case "linktarget":
		if target := d.string(); n.LinkTarget == "" {
			n.LinkTarget = string(target)
		}
	case "linktarget_raw":
		if raw := d.base64(); raw != nil {
			n.LinkTarget = string(raw)
		}
	case "extended_attributes":
		d.attributes(n)
	case "generic_attributes":
		if n.GenericAttributes = d.raw(); string(n.GenericAttributes) == "null" {
			n.GenericAttributes = nil
		}
	case "error":
		n.Error = string(d.string())
	default:
		d.skip()
	}
}

func (d *treeDecoder) name(n *Node) {
	quoted := d.string()
	plain := true
	for _, c := range quoted {
		if c == '\\' || c == '"' || c == '\n' {
			plain = false
			break
		}
	}
	n.Name = string(quoted)
	if !plain {
		name, err := strconv.Unquote(`"` + n.Name + `"`)
		if err != nil {
			d.refused = "a name with broken quoting"
			return
		}
		n.Name = name
	}
	d.refused = refuseName(n.Name)
}

// word reads a string that is mostly the same as in the node before.
func (d *treeDecoder) word(which int) string {
	if text := d.string(); string(text) != d.words[which] {
		d.words[which] = string(text)
	}
	return d.words[which]
}

func (d *treeDecoder) base64() []byte {
	if d.peek() == 'n' && d.literal("null") {
		return nil
	}
	text := d.string()
	if d.err != nil {
		return nil
	}
	value, err := base64.StdEncoding.AppendDecode(make([]byte, 0, base64.StdEncoding.DecodedLen(len(text))), text)
	if err != nil {
		d.fail("expected base64")
		return nil
	}
	return value
}

func (d *treeDecoder) attributes(n *Node) {
	n.ExtendedAttributes = nil
	d.array(func() {
		var a ExtendedAttribute
		d.object(func(key []byte) {
			switch string(key) {
			case "name":
				a.Name = string(d.string())
			case "value":
				a.Value = d.base64()
			default:
				d.skip()
			}
		})
		n.ExtendedAttributes = append(n.ExtendedAttributes, a)
	})
}

func (d *treeDecoder) content() []ID {
	d.ids = d.ids[:0]
	listed := d.array(func() {
		var id ID
		d.id(&id)
		d.ids = append(d.ids, id)
	})
	if !listed || d.err != nil {
		return nil
	}
	content := d.fresh(len(d.ids))
	copy(content, d.ids)
	return content
}

func (d *treeDecoder) subtree() *ID {
	if d.peek() == 'n' && d.literal("null") {
		return nil
	}
	id := &d.fresh(1)[0]
	d.id(id)
	return id
}

// fresh returns n ids of their own.
func (d *treeDecoder) fresh(n int) []ID {
	const most, slab = 16, 64
	if n == 0 || n > most {
		return make([]ID, n)
	}
	if n > len(d.slab) {
		// The first slabs are as small as small folders are.
		d.slab = make([]ID, min(slab, max(n, len(d.data)/300)))
	}
	out := d.slab[:n:n]
	d.slab = d.slab[n:]
	return out
}

func (d *treeDecoder) time() time.Time {
	if d.peek() == 'n' && d.literal("null") {
		return time.Time{}
	}
	text := d.string()
	if d.err != nil {
		return time.Time{}
	}
	if t, ok := parseTime(text); ok {
		return t
	}
	t, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil {
		d.fail("expected a time")
		return time.Time{}
	}
	return t
}
