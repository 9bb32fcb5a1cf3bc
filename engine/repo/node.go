package repo

import (
	"encoding/json"
	"os"
	"time"
)

// What Node.Type can be. Others may appear in what other programs wrote.
const (
	NodeFile      = "file"
	NodeDir       = "dir"
	NodeSymlink   = "symlink"
	NodeDevice    = "dev"
	NodeChar      = "chardev"
	NodeFIFO      = "fifo"
	NodeSocket    = "socket"
	NodeIrregular = "irregular"
)

// ModeMask is the part of a file mode that the format keeps.
const ModeMask = os.ModePerm | os.ModeType | os.ModeSetuid | os.ModeSetgid | os.ModeSticky

// Node is one entry of a folder. It is written as a JSON object whose fields come
// in this order, under these names, the ones marked * only when they are not zero:
//
//	name type mode* mtime atime ctime uid gid user* group* inode* device_id* size*
//	links* linktarget* linktarget_raw* extended_attributes* generic_attributes*
//	device* content subtree* error*
//
// The name is quoted as Go quotes strings, without the outer quotes, and that is
// quoted again as JSON, so that names of any bytes survive. linktarget_raw holds
// the target in base64 when it is not UTF-8. content is null for all but files.
type Node struct {
	Name       string // any bytes but NUL and '/'
	Type       string // NodeFile, …
	Mode       os.FileMode
	ModTime    time.Time
	AccessTime time.Time
	ChangeTime time.Time
	UID        uint32
	GID        uint32
	User       string
	Group      string
	Inode      uint64
	DeviceID   uint64 // of the file system; needed only to tell hard links
	Size       uint64 // bytes
	Links      uint64
	LinkTarget string // any bytes

	ExtendedAttributes []ExtendedAttribute
	GenericAttributes  json.RawMessage // what other programs keep of other systems; as it was read

	Device  uint64 // what a device node stands for
	Content []ID   // data blobs of a file, in order
	Subtree *ID    // tree blob of a folder
	Error   string // why another program could not read the entry in full
}

// ExtendedAttribute is a named value of the file system; ACLs are among them.
type ExtendedAttribute struct {
	Name  string
	Value []byte
}

// MarshalJSON writes the node as it stands in a tree.
func (n Node) MarshalJSON() ([]byte, error) { return appendNode(nil, &n) }

// UnmarshalJSON reads a node as it stands in a tree.
func (n *Node) UnmarshalJSON(data []byte) error {
	d := treeDecoder{scanner: scanner{data: data}}
	*n = Node{}
	d.node(n)
	d.end()
	if d.err != nil {
		return d.err
	}
	if d.refused != "" {
		return damaged("%s: %q", d.refused, clip(n.Name))
	}
	return nil
}
