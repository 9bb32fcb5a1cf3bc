package store

import "time"

// WaitForOthers sets how long an upload waits for another one of the same name.
func (s *Service) WaitForOthers(d time.Duration) { s.patience = d }
