package rest

import (
	"context"
	"errors"
	"net/http"

	"holdfast/engine/storage"
)

// HeaderRemoval carries the right of an open removal.
const HeaderRemoval = "Holdfast-Removal"

const headerSuperseded = "Holdfast-Superseded-By"

// ReplaceSnapshot removes a snapshot in whose place another was stored: the account
// server counts that as received when the removed one was. It needs a Removal.
func (s *Store) ReplaceSnapshot(ctx context.Context, old, by string) error {
	if err := storage.CheckName(storage.Snapshots, by); err != nil {
		return err
	}
	return s.remove(ctx, storage.Snapshots, old, http.Header{headerSuperseded: {by}})
}

// Remove takes a file away. The account server lets a computer do so with locks only,
// unless it has a Removal.
func (s *Store) Remove(ctx context.Context, k storage.Kind, name string) error {
	return s.remove(ctx, k, name, http.Header{})
}

func (s *Store) remove(ctx context.Context, k storage.Kind, name string, header http.Header) error {
	if err := s.begin(ctx, k, name); err != nil {
		return err
	}
	if s.removal != "" {
		header.Set(HeaderRemoval, s.removal)
	}
	var lost bool
	err := s.do(ctx, call{
		what: "removing " + label(k, name), method: http.MethodDelete, url: s.address(k, name), header: header, lost: &lost,
		take: func(a *answer) error {
			if a.granted() && a.foreign() {
				return a.stranger()
			}
			return a.refusal()
		},
	})
	if lost && errors.Is(err, storage.ErrNotFound) {
		return nil // an earlier try did it
	}
	return err
}
