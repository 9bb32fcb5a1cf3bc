package managefiles

import (
	"context"
	"testing"

	"holdfast/engine"
	"holdfast/ui/desktop/ask"
)

func TestSizesCountWhatIsSeenLastFirst(t *testing.T) {
	started := make(chan string, 10)
	release := make(chan struct{})
	got := map[string]int64{}
	desk := ask.ForTest()
	desk.Open()
	s := newSizes(desk,
		func(ctx context.Context, path string) (engine.Amount, error) {
			started <- path
			select {
			case <-release:
			case <-ctx.Done():
			}
			return engine.Amount{Bytes: int64(len(path))}, ctx.Err()
		},
		func(path string, a engine.Amount, err error) { got[path] = a.Bytes },
	)
	for row, path := range []string{"/a", "/bb", "/ccc", "/ddd/d"} {
		s.show(row, path)
	}
	first := map[string]bool{<-started: true, <-started: true}
	if !first["/a"] || !first["/bb"] || len(s.queue) != 2 {
		t.Fatalf("started %v, queued %v", first, s.queue)
	}
	s.show(0, "") // scrolled away: its count ends, and the newest in the queue starts
	if p := <-started; p != "/ddd/d" {
		t.Errorf("then came %s", p)
	}
	s.show(2, "/bb")
	s.hide("/ddd") // closed: nothing inside is seen any more
	if len(s.queue) != 0 || len(s.running) != 1 {
		t.Errorf("queued %v, running %v", s.queue, s.running)
	}
	close(release)
	desk.Settle()
	if len(got) != 1 || got["/bb"] != 3 {
		t.Errorf("counted %v", got)
	}
	desk.Close()
	desk.Wait()
}
