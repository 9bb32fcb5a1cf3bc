package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"holdfast/engine"
	"holdfast/engine/storage"
	"holdfast/engine/storage/local"
)

// Inspect implements engine.Setup.
func (a *Agent) Inspect(ctx context.Context, address string) (engine.Place, error) {
	p, _, err := inspect(ctx, address)
	return p, err
}

// inspect says what lies at an address, and of what kind the error is that keeps an
// unusable place from being used.
func inspect(ctx context.Context, address string) (engine.Place, engine.Kind, error) {
	path, err := localAddress(address)
	if err != nil {
		return engine.Place{}, "", err
	}
	p := engine.Place{Address: path, Free: -1, Inside: within(path, userHome())}
	p.SameDisk = sameDisk(path, userHome())
	info, err := os.Stat(path)
	var why engine.Kind
	switch {
	case errors.Is(err, fs.ErrNotExist):
		why = inspectMissing(&p)
	case errors.Is(err, syscall.ENOTDIR):
		why = unusable(&p, engine.KindInvalid, "%s cannot be a folder, because a file stands on the way to it. Choose another folder.", path)
	case err != nil:
		why = unusable(&p, kindOf(err), "%s cannot be opened: %v. Choose another folder.", path, errors.Unwrap(err))
	case !info.IsDir():
		why = unusable(&p, engine.KindInvalid, "%s is a file. Choose a folder.", path)
	default:
		why = inspectFolder(ctx, &p)
	}
	return p, why, nil
}

func unusable(p *engine.Place, why engine.Kind, format string, args ...any) engine.Kind {
	p.State, p.Message = engine.PlaceUnusable, fmt.Sprintf(format, args...)
	return why
}

// kindOf sorts what the system says about a folder.
func kindOf(err error) engine.Kind {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return engine.KindFull
	case errors.Is(err, syscall.EROFS):
		return engine.KindReadOnly
	case errors.Is(err, fs.ErrPermission):
		return engine.KindDenied
	}
	return engine.KindUnreachable
}

// inspectMissing is for a folder that would be made.
func inspectMissing(p *engine.Place) engine.Kind {
	parent := filepath.Dir(p.Address)
	if info, err := os.Stat(parent); err != nil || !info.IsDir() {
		return unusable(p, engine.KindUnreachable, "%s cannot be made, because there is no folder %s. If it is on a drive, connect the drive first.", p.Address, parent)
	}
	if err := probe(parent); err != nil {
		return unwritable(p, parent, err)
	}
	p.State, p.Message = engine.PlaceMissing, "This folder will be made."
	p.Free = freeSpace(parent)
	return ""
}

// unwritable is for a folder in which nothing can be made.
func unwritable(p *engine.Place, folder string, err error) engine.Kind {
	switch why := kindOf(err); why {
	case engine.KindFull:
		return unusable(p, why, "There is no space left in %s. Free some space there, or choose another folder.", folder)
	case engine.KindReadOnly:
		return unusable(p, why, "Nothing can be written to %s: it is read-only. Choose another folder.", folder)
	case engine.KindDenied:
		return unusable(p, why, "You may not write in %s. Choose another folder.", folder)
	default:
		return unusable(p, why, "Nothing can be written to %s: %v. Choose another folder.", folder, err)
	}
}

func inspectFolder(ctx context.Context, p *engine.Place) engine.Kind {
	p.Free = freeSpace(p.Address)
	store, err := local.Open(p.Address)
	if err == nil {
		defer store.Close()
		if _, err := store.Stat(ctx, storage.Config, ""); err == nil {
			p.State = engine.PlaceRepository
			p.Message = "There is a backup in this folder already. Its password or recovery code opens it, and nothing in it is changed."
			return ""
		}
	}
	names, err := os.ReadDir(p.Address)
	if err != nil {
		return unusable(p, kindOf(err), "You may not look into %s. Choose another folder.", p.Address)
	}
	if !isEmpty(names) {
		p.State = engine.PlaceOther
		p.Message = fmt.Sprintf("There are other things in %s. A backup gets a folder of its own: choose an empty one, or a new name.", p.Address)
		return engine.KindNotEmpty
	}
	if err := probe(p.Address); err != nil {
		return unwritable(p, p.Address, err)
	}
	p.State, p.Message = engine.PlaceEmpty, "This folder is empty and can hold your backup."
	return ""
}

// isEmpty ignores what file systems and desktops put into every new drive.
func isEmpty(names []os.DirEntry) bool {
	for _, n := range names {
		switch n.Name() {
		case "lost+found", ".DS_Store", "System Volume Information", "$RECYCLE.BIN", "desktop.ini":
		default:
			return false
		}
	}
	return true
}

// localAddress is the absolute path of a folder that is a destination.
func localAddress(address string) (string, error) {
	address = strings.TrimSpace(address)
	if address == "" {
		return "", invalid("set up", "", "No folder was given. Choose a folder or a drive for the backup.")
	}
	for _, scheme := range []string{"s3:", "sftp:", "rest:", "http:", "https:"} {
		if strings.HasPrefix(address, scheme) {
			return "", invalid("set up", address, fmt.Sprintf("This version keeps files in a folder or on a drive only; %s comes later. Nothing was changed.", strings.TrimSuffix(scheme, ":")))
		}
	}
	if address == "~" || strings.HasPrefix(address, "~/") {
		address = filepath.Join(userHome(), address[1:])
	}
	return filepath.Abs(address)
}

// probe writes a file as a destination would, and takes it away again.
func probe(dir string) error {
	f, err := os.CreateTemp(dir, ".holdfast-probe-")
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, 4096))
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}

func freeSpace(path string) int64 {
	store, err := local.Open(path)
	if err != nil {
		return -1
	}
	defer store.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	free, err := store.Free(ctx)
	if err != nil {
		return -1
	}
	return free
}
