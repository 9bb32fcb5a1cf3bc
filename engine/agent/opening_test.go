package agent

import (
	"context"
	"testing"

	"holdfast/engine"
)

func TestWhoWaitsForTheDestinationToBeOpenedCanGiveUp(t *testing.T) {
	w := newWorld(t).setUp()
	done, err := w.toOpen(t.Context(), "open") // as somebody whom a server does not answer
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := w.repository(ctx, "preview"); engine.KindOf(err) != engine.KindCancelled {
		t.Errorf("given up: %v", err)
	}
	done()
	if _, release, err := w.repository(t.Context(), "preview"); err != nil {
		t.Error(err)
	} else {
		release()
	}
}
