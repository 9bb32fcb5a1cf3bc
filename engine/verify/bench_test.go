package verify_test

import (
	"fmt"
	"strings"
	"testing"

	"holdfast/engine/verify"
)

// BenchmarkCheck reads all data of a repository of 256 MiB, half of which compresses,
// and BenchmarkCheckStructure the trees of 100,000 files.
func BenchmarkCheck(b *testing.B) {
	p := newPlace(b)
	f := files{}
	for i := range 64 {
		name := fmt.Sprintf("/home/anna/%d", i)
		f[name] = noise(name, 2<<20) + strings.Repeat(noise(name, 400)+"and text", 5000)
	}
	p.backUp("laptop", day, f)
	run(b, p, 100)
}

func BenchmarkCheckStructure(b *testing.B) {
	p := newPlace(b)
	f := files{}
	for i := range 100_000 {
		name := fmt.Sprintf("/home/anna/%d/%d/a file with a name %d", i%1000, i/1000%10, i)
		f[name] = name
	}
	p.flat = true
	p.backUp("laptop", day, f)
	run(b, p, 0)
}

func run(b *testing.B, p *place, percent float64) {
	b.ReportAllocs()
	for b.Loop() {
		r, err := verify.Check(b.Context(), verify.Options{Repo: p.r, Percent: percent})
		if err != nil || !r.Whole() {
			b.Fatal(err, r.Errors)
		}
		b.SetBytes(r.Read)
	}
}
