package ask

import (
	"context"
	"testing"
)

func TestAnOlderAnswerIsVoid(t *testing.T) {
	d := ForTest()
	d.Open()
	var l Lane
	got := ""
	slow := make(chan struct{})
	d.Ask(&l, func(ctx context.Context) func() {
		<-slow
		return func() { got += "old " }
	})
	d.Ask(&l, func(context.Context) func() { return func() { got += "new " } })
	close(slow)
	d.Settle()
	if got != "new " {
		t.Errorf("heard %q", got)
	}
	if l.Busy() {
		t.Error("an answered question still looks busy")
	}
}

func TestClosingEndsWhatIsOnItsWay(t *testing.T) {
	d := ForTest()
	var l Lane
	d.Ask(&l, func(context.Context) func() { t.Error("asked at a closed desk"); return nil })
	d.Open()
	ended := false
	d.Ask(&l, func(ctx context.Context) func() {
		<-ctx.Done()
		return func() { t.Error("a void answer was heard") }
	})
	d.Listen(func(ctx context.Context, _ func(func())) { <-ctx.Done(); ended = true })
	d.Close()
	d.Settle()
	d.Wait()
	if !ended {
		t.Error("something still listens")
	}
}

func TestOnceIsAlwaysHeard(t *testing.T) {
	d := ForTest()
	heard := false
	d.Open()
	d.Once(func(context.Context) func() { return func() { heard = true } })
	d.Close()
	d.Settle()
	if !heard {
		t.Error("a save was not heard of")
	}
}

func TestSettleFollowsQuestionsThatAnswersAsk(t *testing.T) {
	d := ForTest()
	d.Open()
	var a, b Lane
	n := 0
	d.Stream(&a, func(_ context.Context, apply func(func())) {
		apply(func() { n++ })
		apply(func() {
			d.Ask(&b, func(context.Context) func() { return func() { n++ } })
		})
	})
	d.Settle()
	if n != 2 {
		t.Errorf("%d answers", n)
	}
}
