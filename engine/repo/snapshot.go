package repo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast/engine/storage"
)

// Snapshot is the state of some folders at one moment. Its file is a JSON object
// with the fields below in this order, all but time, tree and paths only when
// they are not empty.
type Snapshot struct {
	Time           time.Time       `json:"time"`
	Parent         *ID             `json:"parent,omitempty"`
	Tree           ID              `json:"tree"`
	Paths          []string        `json:"paths"`
	Hostname       string          `json:"hostname,omitempty"`
	Username       string          `json:"username,omitempty"`
	UID            uint32          `json:"uid,omitempty"`
	GID            uint32          `json:"gid,omitempty"`
	Excludes       []string        `json:"excludes,omitempty"`
	Tags           []string        `json:"tags,omitempty"`
	Original       *ID             `json:"original,omitempty"` // the snapshot this one replaces with other metadata
	ProgramVersion string          `json:"program_version,omitempty"`
	Summary        json.RawMessage `json:"summary,omitempty"` // counts by the program that made it

	// Unknown are fields that this package does not know, kept for writing them
	// again.
	Unknown map[string]json.RawMessage `json:"-"`
	// ID is the name of its file; not part of it.
	ID ID `json:"-"`
}

// snapshotFields is Snapshot without its methods.
type snapshotFields Snapshot

var snapshotNames = []string{"time", "parent", "tree", "paths", "hostname", "username", "uid", "gid", "excludes", "tags", "original", "program_version", "summary"}

// MarshalJSON writes the unknown fields last, in the order of their names.
func (s Snapshot) MarshalJSON() ([]byte, error) {
	if s.Paths == nil {
		s.Paths = []string{}
	}
	document, err := json.Marshal(snapshotFields(s))
	if err != nil || len(s.Unknown) == 0 {
		return document, err
	}
	b := bytes.NewBuffer(document[:len(document)-1])
	for _, name := range slices.Sorted(maps.Keys(s.Unknown)) {
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		b.WriteByte(',')
		b.Write(key)
		b.WriteByte(':')
		b.Write(s.Unknown[name])
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Snapshot) UnmarshalJSON(document []byte) error {
	var fields snapshotFields
	if err := json.Unmarshal(document, &fields); err != nil {
		return err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(document, &all); err != nil {
		return err
	}
	// encoding/json takes a field for known whatever the case of its letters.
	maps.DeleteFunc(all, func(name string, _ json.RawMessage) bool {
		return slices.ContainsFunc(snapshotNames, func(known string) bool { return strings.EqualFold(known, name) })
	})
	if len(all) > 0 {
		fields.Unknown = all
	}
	*s = Snapshot(fields)
	return nil
}

// SaveSnapshot writes a snapshot and sets its ID. All that its tree needs has to
// be durable and listed in durable index files already.
func (r *Repository) SaveSnapshot(ctx context.Context, s *Snapshot) (ID, error) {
	if s.Tree.IsZero() {
		return ID{}, fmt.Errorf("repository: a snapshot without a tree")
	}
	document, err := json.Marshal(s)
	if err != nil {
		return ID{}, err
	}
	id, err := r.saveFile(ctx, storage.Snapshots, document)
	if err != nil {
		return ID{}, err
	}
	s.ID = id
	return id, nil
}

// LoadSnapshot reads a snapshot.
func (r *Repository) LoadSnapshot(ctx context.Context, id ID) (*Snapshot, error) {
	document, err := r.loadFile(ctx, storage.Snapshots, id)
	if err != nil {
		return nil, err
	}
	s, err := decodeSnapshot(document)
	if err != nil {
		return nil, fmt.Errorf("snapshot %s: %w", id.Short(), err)
	}
	s.ID = id
	return s, nil
}

func decodeSnapshot(document []byte) (*Snapshot, error) {
	var s Snapshot
	if err := json.Unmarshal(document, &s); err != nil {
		return nil, damaged("%v", err)
	}
	if s.Tree.IsZero() {
		return nil, damaged("it names no tree")
	}
	return &s, nil
}

// ListSnapshots lists the snapshots, in no order.
func (r *Repository) ListSnapshots(ctx context.Context) ([]ID, error) {
	return r.ids(ctx, storage.Snapshots)
}

// RemoveSnapshot removes a snapshot. What only it needed stays until it is pruned.
func (r *Repository) RemoveSnapshot(ctx context.Context, id ID) error {
	return r.store.Remove(ctx, storage.Snapshots, id.String())
}
