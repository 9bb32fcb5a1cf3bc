package source

import (
	"golang.org/x/sys/windows"
)

func mounts() ([]Mount, error) {
	letters, err := windows.GetLogicalDrives()
	if err != nil {
		return nil, err
	}
	var list []Mount
	for i := range 26 {
		if letters&(1<<i) == 0 {
			continue
		}
		m := Mount{Path: string(rune('A'+i)) + `:\`, Device: string(rune('A'+i)) + ":"}
		root, err := windows.UTF16PtrFromString(m.Path)
		if err != nil {
			return nil, err
		}
		switch windows.GetDriveType(root) {
		case windows.DRIVE_NO_ROOT_DIR:
			continue
		case windows.DRIVE_REMOTE:
			m.Network = true
		case windows.DRIVE_REMOVABLE, windows.DRIVE_CDROM:
			m.Removable = true
		case windows.DRIVE_RAMDISK:
			m.Virtual = true
		}
		if !m.Network {
			volume(root, &m)
		}
		list = append(list, m)
	}
	return list, nil
}

func volume(root *uint16, m *Mount) {
	var serial, longest, flags uint32
	var kind [windows.MAX_PATH + 1]uint16
	err := windows.GetVolumeInformation(root, nil, 0, &serial, &longest, &flags, &kind[0], uint32(len(kind)))
	if err != nil {
		return // an empty drive
	}
	m.FSType = windows.UTF16ToString(kind[:])
	m.FSID = uint64(serial)
	m.ReadOnly = flags&windows.FILE_READ_ONLY_VOLUME != 0
}
