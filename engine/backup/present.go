package backup

import (
	"context"
	"fmt"

	"holdfast/engine/repo"
	"holdfast/engine/storage"
)

// present makes sure that packs are at the destination. An index file that names one
// that is not would make everybody believe that its blobs are stored. They were all
// there when the capture began; whoever took one away did not see its lock.
func (s *saver) present(ctx context.Context, packs []repo.PackInfo) error {
	for _, p := range packs {
		if _, err := s.repo.Store().Stat(ctx, storage.Packs, p.ID.String()); err != nil {
			return fmt.Errorf("pack %v, which has to be listed: %w", p.ID, err)
		}
	}
	return nil
}
