package verify

import (
	"math/rand/v2"
	"testing"
)

func TestTheReservoirIsFair(t *testing.T) {
	const things, room, rounds = 50, 10, 4000
	rnd := rand.New(rand.NewPCG(1, 2))
	var taken [things]int
	for range rounds {
		var r reservoir[int]
		for i := range things {
			r.offer(room, rnd, func() int { return i })
		}
		for _, i := range r.kept {
			taken[i]++
		}
	}
	for i, n := range taken {
		if want := rounds * room / things; n < want*85/100 || n > want*115/100 {
			t.Errorf("%d was taken %d times, expected some %d", i, n, want)
		}
	}
}

func TestATableFindsWhatIsInIt(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	var in table[dataRow]
	var keys []key
	for range 20_000 {
		k := key{rnd.Uint64(), rnd.Uint64()}
		if len(keys)%3 == 0 {
			k.high &= 0xff << 56 // many that differ only in their second half
		}
		keys = append(keys, k)
		in.add(dataRow(k))
		if len(keys)%5 == 0 {
			in.add(dataRow(k))
		}
	}
	in.seal()
	if in.len() != len(keys) {
		t.Fatalf("%d rows of %d", in.len(), len(keys))
	}
	seen := newBits(in.len())
	for _, k := range keys {
		n, ok := in.find(k)
		if !ok || key(*in.at(n)) != k || !seen.set(n) || seen.set(n) {
			t.Fatalf("%v: %d, %v", k, n, ok)
		}
		if _, ok := in.find(key{k.high, k.low + 1}); ok {
			t.Fatalf("%v is not in it", k)
		}
	}
}
