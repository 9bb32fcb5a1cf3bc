package source

import (
	"math"
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// emptyName stands for the descriptor itself, with AT_EMPTY_PATH.
var emptyName byte

// withoutStatx is set once the kernel (before 4.11) or a sandbox has refused statx.
var withoutStatx atomic.Bool

// statInto fills e, but for its name, with what lstat says of name, which points at
// bytes that end with a NUL, in the folder at. Errors are bare numbers: this runs for
// every entry, and making an error value for each would cost more than the call.
func statInto(at int, name *byte, flags int, e *Entry) syscall.Errno {
	if withoutStatx.Load() {
		return fstatatInto(at, name, flags, e)
	}
	var x unix.Statx_t
	for {
		_, _, errno := unix.Syscall6(unix.SYS_STATX, uintptr(at), uintptr(unsafe.Pointer(name)),
			uintptr(flags|unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT), unix.STATX_BASIC_STATS,
			uintptr(unsafe.Pointer(&x)), 0)
		switch errno {
		case 0:
			e.fromStatx(&x)
			return 0
		case unix.EINTR:
		case unix.ENOSYS, unix.EPERM:
			// EPERM is how seccomp filters that do not know the call answer; lstat
			// itself has no such error.
			if errno := fstatatInto(at, name, flags, e); errno != 0 {
				return errno
			}
			withoutStatx.Store(true)
			return 0
		default:
			return errno
		}
	}
}

func (e *Entry) fromStatx(x *unix.Statx_t) {
	e.Kind, e.Mode = kindAndMode(uint32(x.Mode))
	e.Size = int64(x.Size)
	e.Allocated = int64(x.Blocks) * 512
	e.ModTime = nanoseconds(x.Mtime.Sec, int64(x.Mtime.Nsec))
	e.ChangeTime = nanoseconds(x.Ctime.Sec, int64(x.Ctime.Nsec))
	e.Inode = x.Ino
	e.Device = unix.Mkdev(x.Dev_major, x.Dev_minor)
	e.Links = uint64(x.Nlink)
	e.RDev = unix.Mkdev(x.Rdev_major, x.Rdev_minor)
	e.UID, e.GID = x.Uid, x.Gid
}

// fstatatInto is statInto for systems without statx.
func fstatatInto(at int, name *byte, flags int, e *Entry) syscall.Errno {
	var s unix.Stat_t
	text := unsafe.String(name, length(name))
	err := unix.Fstatat(at, text, &s, flags|unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT)
	if err != nil {
		if errno, ok := err.(syscall.Errno); ok {
			return errno
		}
		return unix.EIO
	}
	e.Kind, e.Mode = kindAndMode(s.Mode)
	e.Size = s.Size
	e.Allocated = s.Blocks * 512
	e.ModTime = nanoseconds(int64(s.Mtim.Sec), int64(s.Mtim.Nsec))
	e.ChangeTime = nanoseconds(int64(s.Ctim.Sec), int64(s.Ctim.Nsec))
	e.Inode, e.Device = s.Ino, uint64(s.Dev)
	e.Links, e.RDev = uint64(s.Nlink), uint64(s.Rdev)
	e.UID, e.GID = s.Uid, s.Gid
	return 0
}

func length(name *byte) int {
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(name), n)) != 0 {
		n++
	}
	return n
}

// nanoseconds holds times that 64 bits of nanoseconds cannot reach (before 1678 and
// after 2262) at the nearest one, instead of turning them into another century.
func nanoseconds(sec, nsec int64) int64 {
	const most = math.MaxInt64/1_000_000_000 - 1
	if sec > most {
		return math.MaxInt64
	}
	if sec < -most {
		return math.MinInt64
	}
	return sec*1e9 + nsec
}

func kindAndMode(m uint32) (Kind, os.FileMode) {
	mode := os.FileMode(m & 0o777)
	if m&unix.S_ISUID != 0 {
		mode |= os.ModeSetuid
	}
	if m&unix.S_ISGID != 0 {
		mode |= os.ModeSetgid
	}
	if m&unix.S_ISVTX != 0 {
		mode |= os.ModeSticky
	}
	switch m & unix.S_IFMT {
	case unix.S_IFREG:
		return KindFile, mode
	case unix.S_IFDIR:
		return KindDir, mode | os.ModeDir
	case unix.S_IFLNK:
		return KindSymlink, mode | os.ModeSymlink
	case unix.S_IFIFO:
		return KindFIFO, mode | os.ModeNamedPipe
	case unix.S_IFSOCK:
		return KindSocket, mode | os.ModeSocket
	case unix.S_IFCHR:
		return KindCharDevice, mode | os.ModeDevice | os.ModeCharDevice
	case unix.S_IFBLK:
		return KindBlockDevice, mode | os.ModeDevice
	}
	return KindOther, mode | os.ModeIrregular
}
