package source

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

func mounts() ([]Mount, error) {
	// MNT_NOWAIT: what the system knows, without asking servers that may hang.
	n, err := unix.Getfsstat(nil, unix.MNT_NOWAIT)
	if err != nil {
		return nil, err
	}
	table := make([]unix.Statfs_t, n+8)
	n, err = unix.Getfsstat(table, unix.MNT_NOWAIT)
	if err != nil {
		return nil, err
	}
	var list []Mount
	for i := range table[:n] {
		s := &table[i]
		m := Mount{
			Path:     unix.ByteSliceToString(s.Mntonname[:]),
			Device:   unix.ByteSliceToString(s.Mntfromname[:]),
			FSType:   unix.ByteSliceToString(s.Fstypename[:]),
			FSID:     uint64(uint32(s.Fsid.Val[0])) | uint64(uint32(s.Fsid.Val[1]))<<32,
			Network:  s.Flags&unix.MNT_LOCAL == 0,
			ReadOnly: s.Flags&unix.MNT_RDONLY != 0,
			Virtual:  s.Flags&unix.MNT_DONTBROWSE != 0,
		}
		m.Removable = !m.Network && strings.HasPrefix(m.Path, "/Volumes/")
		list = append(list, m)
	}
	slices.SortStableFunc(list, func(a, b Mount) int { return strings.Compare(a.Path, b.Path) })
	return list, nil
}
