package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"holdfast/engine"
	"holdfast/engine/repo"
	"holdfast/engine/restore"
)

// DrillOptions is one restore drill.
type DrillOptions struct {
	Repo *repo.Repository
	// Device whose backups are tried: a snapshot's device tag, or "host:" and its
	// hostname. What comes back is compared with the files here, so it should be
	// this computer. "" tries the backups of all and compares nothing.
	Device  string
	Scratch string           // folder for what is restored; a folder made in it is removed again
	Files   int              // to restore; 0: 200
	Bytes   int64            // to restore at most; 0: 1 GiB
	Now     func() time.Time // nil: time.Now
	Rand    *rand.Rand       // nil: a random one
}

// Bounds of the search for something to restore.
const (
	drillWalk    = 1_000_000 // files looked at
	drillFolder  = 100       // files in a small folder
	drillSmall   = 64 << 20  // bytes in a small folder
	drillEarlier = 8         // older snapshots that are searched for an old version
)

// drill is a running one.
type drill struct {
	DrillOptions
	index *repo.MemoryIndex
	proof engine.Proof
	here  bool // the files of the device are on this computer
}

// Drill restores random files, a small folder and an old version, as if there were
// nothing but the destination. A proof without Failed sentences is one; an error
// means that it could not be tried.
func Drill(ctx context.Context, o DrillOptions) (engine.Proof, error) {
	d := &drill{DrillOptions: o, here: o.Device != ""}
	d.defaults()
	began := d.Now()
	d.proof.Time = began
	snapshots, err := readSnapshots(ctx, o.Repo, 4, func(id repo.ID, err error) {
		d.failed("A backup cannot be read (snapshots/%v: %s).", id, reason(err))
	})
	if err != nil {
		return d.proof, err
	}
	var mine []snapshot
	for _, s := range snapshots {
		if s.of(o.Device) {
			mine = append(mine, s)
		}
	}
	if len(mine) == 0 && len(d.proof.Failed) == 0 {
		return d.proof, &engine.Error{Op: "test a restore", Kind: engine.KindNotFound,
			Message: "There is no backup of this computer yet, so there is nothing to try a restore with. Back up first."}
	}
	if d.index, err = repo.LoadMemoryIndex(ctx, o.Repo); err != nil {
		if fatal(ctx, err) || !errors.Is(err, repo.ErrDamaged) {
			return d.proof, err
		}
		d.failed("The list of stored pieces cannot be read (%s), so nothing can be given back. Run a check, which can mend it.", reason(err))
		return d.proof, nil
	}
	if len(mine) > 0 {
		if err := d.restoreSample(ctx, mine); err != nil {
			return d.proof, err
		}
	}
	d.proof.Took = d.Now().Sub(began)
	return d.proof, nil
}

func (d *drill) defaults() {
	if d.Files <= 0 {
		d.Files = 200
	}
	if d.Bytes <= 0 {
		d.Bytes = 1 << 30
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Rand == nil {
		d.Rand = newRand()
	}
}

// of says whether the snapshot is of a device.
func (s *snapshot) of(device string) bool {
	if host, ok := strings.CutPrefix(device, "host:"); ok {
		return s.device == "" && s.computer == host
	}
	return device == "" || s.device == device
}

func (d *drill) failed(format string, args ...any) {
	d.proof.Failed = append(d.proof.Failed, fmt.Sprintf(format, args...))
}

// restoreSample chooses what to restore, restores it and looks at what came back.
func (d *drill) restoreSample(ctx context.Context, snapshots []snapshot) error {
	sources, err := d.choose(ctx, snapshots)
	if err != nil || len(sources) == 0 {
		return err
	}
	if err := os.MkdirAll(d.Scratch, 0o700); err != nil {
		return fmt.Errorf("make a folder for the drill: %w", err)
	}
	target, err := os.MkdirTemp(d.Scratch, "drill-")
	if err != nil {
		return fmt.Errorf("make a folder for the drill: %w", err)
	}
	var items []engine.JobItem
	err = restore.Run(ctx, restore.Options{
		Repo: d.Repo, Locator: d.index,
		Target: target, Exists: engine.ExistingSkip, Permissions: engine.PermissionsMine,
		Report: func(i engine.JobItem) { items = append(items, i) },
		All:    true,
		Now:    d.Now,
	}, sources)
	for _, i := range items {
		if err == nil {
			err = d.inspect(ctx, i)
		}
	}
	return errors.Join(err, removeAll(target))
}

// inspect counts one restored file, or says what is wrong with it.
func (d *drill) inspect(ctx context.Context, item engine.JobItem) error {
	if item.State != engine.ItemRestored {
		d.failed("%s did not come back: %s", item.Path, item.Reason)
		return nil
	}
	back, err := os.Lstat(item.Target)
	if err != nil {
		return fmt.Errorf("look at what was restored: %w", err)
	}
	if !back.Mode().IsRegular() {
		return nil
	}
	if back.Size() != item.Size {
		d.failed("%s came back with %d bytes and had %d.", item.Path, back.Size(), item.Size)
		return nil
	}
	if d.here {
		same, err := compare(ctx, item.Target, back, filepath.FromSlash(item.Path))
		if err != nil {
			return err
		}
		if !same {
			d.failed("%s came back different from the file on this computer, though size and time of that are what was stored. Either it was changed by something that hides it, or the disk here returns wrong data.", item.Path)
			return nil
		}
	}
	d.proof.Amount.Files++
	d.proof.Amount.Bytes += back.Size()
	return nil
}

// removeAll removes the restored files. Folders come back with the modes they had, so
// they are made accessible before.
func removeAll(dir string) error {
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return nil
	})
	if err = errors.Join(err, os.RemoveAll(dir)); err != nil {
		return fmt.Errorf("remove what the drill restored: %w", err)
	}
	return nil
}
