package source

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func mounts() ([]Mount, error) {
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	all := parseMounts(table)
	for i := range all {
		m := &all[i].Mount
		// A file system behind a network or a program may hang, and the question with it.
		if !m.Network {
			m.FSID = fileSystemID(m.Path)
		}
		m.Removable = removable(all[i].number)
	}
	list := make([]Mount, len(all))
	for i := range all {
		list[i] = all[i].Mount
	}
	return list, nil
}

type numberedMount struct {
	Mount
	number string // major:minor of the device
}

// parseMounts reads the table of proc_pid_mountinfo(5):
//
//	36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
func parseMounts(table []byte) []numberedMount {
	var all []numberedMount
	for line := range bytes.Lines(table) {
		before, after, ok := strings.Cut(strings.TrimSpace(string(line)), " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !ok || len(left) < 6 || len(right) < 2 {
			continue
		}
		m := numberedMount{number: left[2], Mount: Mount{
			Path:     unescapeMount(left[4]),
			FSType:   right[0],
			Device:   unescapeMount(right[1]),
			ReadOnly: slices.Contains(strings.Split(left[5], ","), "ro"),
		}}
		m.Network = isNetwork(m.FSType)
		m.Virtual = slices.Contains(virtualTypes, m.FSType)
		// A later line hides an earlier one at the same folder.
		all = slices.DeleteFunc(all, func(o numberedMount) bool { return o.Path == m.Path })
		all = append(all, m)
	}
	slices.SortStableFunc(all, func(a, b numberedMount) int { return strings.Compare(a.Path, b.Path) })
	return all
}

// unescapeMount takes back the octal numbers that stand for space, tab, newline and
// backslash.
func unescapeMount(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// isNetwork includes what programs serve (fuse): such a program may hang as a server may.
func isNetwork(t string) bool {
	switch t {
	case "nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "9p", "glusterfs", "lustre", "gfs2", "ocfs2", "beegfs":
		return true
	case "fuseblk":
		return false // NTFS and exFAT on a drive of this computer
	}
	return t == "fuse" || strings.HasPrefix(t, "fuse.")
}

var virtualTypes = []string{
	"autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs",
	"fuse.gvfsd-fuse", "fuse.portal", "fusectl", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore", "ramfs",
	"rpc_pipefs", "securityfs", "selinuxfs", "squashfs", "sysfs", "tmpfs", "tracefs",
}

func fileSystemID(path string) uint64 {
	var s unix.Statfs_t
	if unix.Statfs(path, &s) != nil {
		return 0
	}
	return uint64(uint32(s.Fsid.Val[0])) | uint64(uint32(s.Fsid.Val[1]))<<32
}

// removable asks sysfs about a disk; for a partition the disk is the folder above.
// Disks on USB do not always call themselves removable, but people do remove them.
func removable(number string) bool {
	at, err := filepath.EvalSymlinks("/sys/dev/block/" + number)
	if err != nil {
		return false
	}
	if strings.Contains(at, "/usb") {
		return true
	}
	for _, folder := range []string{at, filepath.Dir(at)} {
		if b, err := os.ReadFile(filepath.Join(folder, "removable")); err == nil {
			return strings.TrimSpace(string(b)) == "1"
		}
	}
	return false
}
