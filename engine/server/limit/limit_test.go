package limit_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"holdfast/engine/server/limit"
)

func TestAfterTheFirstTriesThereIsOneEachSoOften(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l := limit.New(3, 10*time.Second, 100, func() time.Time { return now })
	for i := range 3 {
		if ok, _ := l.Allow("a"); !ok {
			t.Fatalf("try %d is refused", i+1)
		}
	}
	for range 5 { // refused tries do not make the wait longer
		if ok, retry := l.Allow("a"); ok || retry != 10*time.Second {
			t.Fatalf("allowed %v, retry after %v", ok, retry)
		}
	}
	if ok, _ := l.Allow("b"); !ok {
		t.Fatal("somebody else is refused")
	}
	now = now.Add(10 * time.Second)
	if ok, _ := l.Allow("a"); !ok {
		t.Fatal("refused after the wait")
	}
	if ok, _ := l.Allow("a"); ok {
		t.Fatal("two at once after the wait for one")
	}
}

func TestTheKeyNotUsedForTheLongestTimeIsForgottenFirst(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l := limit.New(1, time.Hour, 3, func() time.Time { return now })
	l.Allow("a")
	for i := range 100 {
		l.Allow(fmt.Sprint("other", i))
		if ok, _ := l.Allow("a"); ok {
			t.Fatalf("a key in use was forgotten after %d others", i+1)
		}
	}
	if ok, _ := l.Allow("other0"); !ok {
		t.Fatal("more keys are remembered than there may be")
	}
}

func TestOneSubscriberIsOneKey(t *testing.T) {
	key := func(s string) string { return limit.Address(netip.MustParseAddr(s)) }
	if key("2001:db8::1") != key("2001:db8::ffff:2") || key("2001:db8::1") == key("2001:db8:0:1::1") {
		t.Error("IPv6 addresses are not taken by /64")
	}
	if key("192.0.2.1") == key("192.0.2.2") || key("192.0.2.1") != key("::ffff:192.0.2.1") {
		t.Error("IPv4 addresses are not taken one by one")
	}
	if limit.Address(netip.Addr{}) == "" {
		t.Error("an unknown address has no key")
	}
}
