package session

import "time"

// WaitForWriters sets how long Find waits for others who write before it goes without
// noting that a session was used.
func (s *Service) WaitForWriters(d time.Duration) { s.patience = d }
