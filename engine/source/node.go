package source

import (
	"time"

	"holdfast/engine/repo"
)

// newNode makes the part of a node that the entry alone tells.
//
// The access time is the modification time, as restic keeps it by default: with the
// true one, every tree on the way to a file that somebody merely read would change.
func newNode(e Entry) repo.Node {
	n := repo.Node{
		Name:       e.Name,
		Type:       nodeType(e.Kind),
		Mode:       e.Mode,
		ModTime:    time.Unix(0, e.ModTime),
		AccessTime: time.Unix(0, e.ModTime),
		ChangeTime: time.Unix(0, e.ChangeTime),
		UID:        e.UID,
		GID:        e.GID,
		Inode:      e.Inode,
		DeviceID:   e.Device,
	}
	switch e.Kind {
	case KindFile:
		n.Size = uint64(max(0, e.Size))
	case KindCharDevice, KindBlockDevice:
		n.Device = e.RDev
	}
	if e.Kind != KindDir {
		n.Links = e.Links
	}
	return n
}

func nodeType(k Kind) string {
	switch k {
	case KindFile:
		return repo.NodeFile
	case KindDir:
		return repo.NodeDir
	case KindSymlink:
		return repo.NodeSymlink
	case KindFIFO:
		return repo.NodeFIFO
	case KindSocket:
		return repo.NodeSocket
	case KindCharDevice:
		return repo.NodeChar
	case KindBlockDevice:
		return repo.NodeDevice
	}
	return repo.NodeIrregular
}
