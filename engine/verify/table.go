package verify

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sort"
	"sync/atomic"

	"holdfast/engine/repo"
)

// key is the first half of an id. Two different SHA-256 sums that agree in 128 bits
// are not going to be met, and half of the memory is saved.
type key struct{ high, low uint64 }

func keyOf(id *repo.ID) key {
	return key{binary.BigEndian.Uint64(id[:]), binary.BigEndian.Uint64(id[8:])}
}

func (k key) compare(other key) int {
	return cmp.Or(cmp.Compare(k.high, other.high), cmp.Compare(k.low, other.low))
}

// row is what a table holds.
type row[R any] interface {
	key() key
	// before orders rows of one key; the first is the one that stays.
	before(other R) int
}

// table holds rows by key: sorted, in one slice for each first byte, so that it grows
// without moving everything. Rows have numbers from 0 on once it is sealed.
type table[R row[R]] struct {
	buckets [256][]R
	base    [257]int // number of the first row of each bucket
}

func (t *table[R]) add(r R) {
	b := &t.buckets[r.key().high>>56]
	*b = append(*b, r)
}

// seal sorts the rows and takes out the ones that come twice. The table is only read
// afterwards, by any number of goroutines.
func (t *table[R]) seal() {
	for i := range t.buckets {
		b := t.buckets[i]
		slices.SortFunc(b, func(x, y R) int { return cmp.Or(x.key().compare(y.key()), x.before(y)) })
		t.buckets[i] = slices.CompactFunc(b, func(x, y R) bool { return x.key() == y.key() })
		t.base[i+1] = t.base[i] + len(t.buckets[i])
	}
}

func (t *table[R]) len() int { return t.base[256] }

// find gives the number of a row.
func (t *table[R]) find(k key) (int, bool) {
	bucket := k.high >> 56
	b := t.buckets[bucket]
	low, high := 0, len(b)
	for low < high {
		middle := int(uint(low+high) >> 1)
		switch b[middle].key().compare(k) {
		case -1:
			low = middle + 1
		case 0:
			return t.base[bucket] + middle, true
		default:
			high = middle
		}
	}
	return 0, false
}

// at is the row of a number.
func (t *table[R]) at(n int) *R {
	bucket := sort.Search(256, func(i int) bool { return t.base[i+1] > n })
	return &t.buckets[bucket][n-t.base[bucket]]
}

// dataRow is a data blob: whether it exists is all a check needs to know.
type dataRow key

func (r dataRow) key() key         { return key(r) }
func (dataRow) before(dataRow) int { return 0 }

// treeRow is a tree blob and where it lies.
type treeRow struct {
	id                          repo.ID
	pack, offset, length, plain uint32
}

func (r treeRow) key() key { return keyOf(&r.id) }

func (r treeRow) before(other treeRow) int {
	return cmp.Or(cmp.Compare(r.pack, other.pack), cmp.Compare(r.offset, other.offset))
}

func (r *treeRow) blob() repo.Blob {
	return repo.Blob{ID: r.id, Type: repo.Tree, Offset: r.offset, Length: r.length, Plain: r.plain}
}

// bits is a set of row numbers, safe for use by many goroutines.
type bits []uint32

func newBits(n int) bits { return make(bits, (n+31)/32) }

// set says whether the number was new.
func (b bits) set(n int) bool {
	mask := uint32(1) << (n & 31)
	return atomic.OrUint32(&b[n>>5], mask)&mask == 0
}

func (b bits) clear(n int)    { atomic.AndUint32(&b[n>>5], ^(uint32(1) << (n & 31))) }
func (b bits) has(n int) bool { return atomic.LoadUint32(&b[n>>5])>>(n&31)&1 != 0 }
