package rest

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"holdfast/engine/storage"
)

// entry is a file of a list, small because a repository has hundreds of thousands.
type entry struct {
	name [32]byte
	size int64 // bytes; -1: the list does not say
	time int64 // Unix, in nanoseconds; 0: the list does not say
}

// maxEntries bounds what a server can make us hold: 768 MiB, for 256 TiB of packs.
const maxEntries = 16 << 20

// List reads the whole list before it calls fn, so that a list that breaks off is
// asked for again and fn never hears of a file twice.
func (s *Store) List(ctx context.Context, k storage.Kind, fn func(storage.Info) error) error {
	if k == storage.Config {
		return s.listConfig(ctx, fn)
	}
	if err := s.begin(ctx, k, anyName); err != nil {
		return err
	}
	entries, err := s.entries(ctx, k)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		info, err := s.info(ctx, k, e)
		if errors.Is(err, storage.ErrNotFound) {
			continue // removed meanwhile
		}
		if err != nil {
			return err
		}
		if err := fn(info); err != nil {
			return err
		}
	}
	return nil
}

// anyName is valid in every kind but Config.
const anyName = "0000000000000000000000000000000000000000000000000000000000000000"

// listConfig is its own because the protocol has no list of the one file.
func (s *Store) listConfig(ctx context.Context, fn func(storage.Info) error) error {
	info, err := s.Stat(ctx, storage.Config, "")
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return fn(info)
}

// info completes an entry. A server that knows only version 1 of the list is asked for
// each size.
func (s *Store) info(ctx context.Context, k storage.Kind, e entry) (storage.Info, error) {
	name := hex.EncodeToString(e.name[:])
	if e.size < 0 {
		return s.Stat(ctx, k, name)
	}
	info := storage.Info{Name: name, Size: e.size}
	if e.time != 0 {
		info.ModTime = time.Unix(0, e.time)
	}
	return info, nil
}

func (s *Store) entries(ctx context.Context, k storage.Kind) ([]entry, error) {
	var entries []entry
	err := s.do(ctx, call{
		what: "listing " + string(k), method: http.MethodGet, url: s.address(k, ""),
		header: http.Header{"Accept": {typeV2}},
		take: func(a *answer) error {
			if err := a.refusal(); err != nil {
				return err
			}
			if a.foreign() {
				return a.stranger()
			}
			var err error
			entries, err = decodeList(a.Body, entries[:0])
			return err
		},
	})
	if !errors.Is(err, storage.ErrNotFound) {
		return entries, err
	}
	// A plain rest-server has no folders before the repository is made. With a
	// repository there, its files have not all gone at once.
	if _, config := s.Stat(ctx, storage.Config, ""); errors.Is(config, storage.ErrNotFound) {
		return nil, nil
	}
	return nil, fmt.Errorf("listing %s: %w: the server does not know the list", k, storage.ErrUnreachable)
}

// listed is one element of a list: {"name":…,"size":…} of version 2, to which the
// account server adds the time of receipt, or the bare name of version 1.
type listed struct {
	Name string    `json:"name"`
	Size *int64    `json:"size"`
	Time time.Time `json:"time"`
}

func (l *listed) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &l.Name)
	}
	type plain listed
	return json.Unmarshal(b, (*plain)(l))
}

// decodeList reads a list as it comes in. Foreign names are left out.
func decodeList(r io.Reader, entries []entry) ([]entry, error) {
	d := json.NewDecoder(r)
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		if t == nil && err == nil {
			return entries, nil // null is how version 1 writes an empty list
		}
		return entries, broken(fmt.Errorf("not a list: %w", orNone(err)))
	}
	for d.More() {
		var l listed
		if err := d.Decode(&l); err != nil {
			return entries, broken(err)
		}
		e := entry{size: -1}
		if !storage.ValidName(storage.Packs, l.Name) {
			continue
		}
		if _, err := hex.Decode(e.name[:], []byte(l.Name)); err != nil {
			continue
		}
		if l.Size != nil && *l.Size >= 0 {
			e.size = *l.Size
		}
		if !l.Time.IsZero() {
			e.time = l.Time.UnixNano()
		}
		if len(entries) == maxEntries {
			return entries, errors.New("the server lists more files than a repository has")
		}
		entries = append(entries, e)
	}
	if _, err := d.Token(); err != nil {
		return entries, broken(err)
	}
	return entries, nil
}

var errNotList = errors.New("another value")

func orNone(err error) error {
	if err == nil {
		return errNotList
	}
	return err
}
