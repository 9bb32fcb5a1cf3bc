//go:build unix

package restore

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"holdfast/engine"
	"holdfast/engine/repo"
)

const openNoFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

var errQuota error = syscall.EDQUOT

// badSector says that a place of a drive cannot be read.
func badSector(err error) bool { return errors.Is(err, syscall.EIO) }

// umask is the mask of the process. It can only be read by setting it, so it is
// read once, before anything is created.
func umask() fs.FileMode { return processMask }

var processMask = func() fs.FileMode {
	m := syscall.Umask(0o077)
	syscall.Umask(m)
	return fs.FileMode(m)
}()

var me = struct{ uid, gid uint32 }{uint32(os.Geteuid()), uint32(os.Getegid())}

// setOwner gives a file to its owner. Who is not root can only keep it.
func setOwner(f *os.File, node *repo.Node) error {
	if node.UID == me.uid && node.GID == me.gid {
		return nil
	}
	return f.Chown(int(node.UID), int(node.GID))
}

// setLink sets what a symbolic link has of its own: owner and times.
func (j *job) setLink(p *place, node *repo.Node) error {
	if j.Permissions == engine.PermissionsOriginal {
		if err := p.root.Lchown(node.Name, int(node.UID), int(node.GID)); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	times := []unix.Timespec{timespec(node.AccessTime.UnixNano()), timespec(node.ModTime.UnixNano())}
	return unix.UtimesNanoAt(int(p.dir.Fd()), node.Name, times, unix.AT_SYMLINK_NOFOLLOW)
}

func timespec(ns int64) unix.Timespec { return unix.NsecToTimespec(ns) }

// sameSpecial says that a FIFO, socket or device is what a node describes.
func sameSpecial(node *repo.Node, info fs.FileInfo) bool {
	const kinds = fs.ModeNamedPipe | fs.ModeSocket | fs.ModeDevice | fs.ModeCharDevice
	kind := info.Mode() & fs.ModeType
	if kind&kinds == 0 || kind != node.Mode&fs.ModeType {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return kind&fs.ModeDevice == 0 || ok && uint64(stat.Rdev) == node.Device
}

// makeSpecial makes a FIFO, socket or device again, as far as this user may.
func (j *job) makeSpecial(p *place, node *repo.Node) error {
	kinds := map[string]uint32{
		repo.NodeFIFO: unix.S_IFIFO, repo.NodeSocket: unix.S_IFSOCK,
		repo.NodeDevice: unix.S_IFBLK, repo.NodeChar: unix.S_IFCHR,
	}
	kind, ok := kinds[node.Type]
	if !ok {
		return errors.New("this kind of entry is not known here")
	}
	if err := mknodAt(p.dir, node.Name, kind|uint32(node.Mode.Perm()), node.Device); err != nil {
		return &fs.PathError{Op: "make", Path: node.Name, Err: err}
	}
	if err := p.root.Chmod(node.Name, j.mode(node.Mode)); err != nil {
		return err
	}
	return j.setLink(p, node)
}
