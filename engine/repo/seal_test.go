package repo

import (
	"bytes"
	"errors"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func TestWhatIsSealedUnseals(t *testing.T) {
	r, _ := newTestRepository(t)
	for name, plain := range map[string][]byte{
		"nothing":           {},
		"one byte":          {7},
		"a line":            text(80),
		"a page":            text(4000),
		"a chunk of text":   text(1 << 20),
		"a chunk of noise":  noise(1 << 20),
		"the largest chunk": text(8 << 20),
		"zeros":             make([]byte, 3<<20),
	} {
		for _, blobType := range []BlobType{Data, Tree} {
			before := bytes.Clone(plain)
			s := seal(t, r, blobType, plain)
			if !bytes.Equal(before, plain) {
				t.Fatalf("%s: Seal changed the plaintext", name)
			}
			if int(s.Blob.Length) != len(s.Bytes) || s.Blob.Size() != len(plain) || s.Blob.Type != blobType {
				t.Fatalf("%s: %+v for %d sealed bytes", name, s.Blob, len(s.Bytes))
			}
			got, err := r.Unseal(s.Blob, bytes.Clone(s.Bytes), nil)
			if err != nil || !bytes.Equal(got, plain) {
				t.Fatalf("%s: %d bytes, %v", name, len(got), err)
			}
		}
	}
}

func TestWhatDoesNotShrinkIsStoredAsItIs(t *testing.T) {
	r, _ := newTestRepository(t)
	if s := seal(t, r, Data, noise(100_000)); s.Blob.Plain != 0 || len(s.Bytes) != 100_000+Overhead {
		t.Errorf("noise: %+v", s.Blob)
	}
	if s := seal(t, r, Data, text(100_000)); s.Blob.Plain != 100_000 || len(s.Bytes) > 60_000 {
		t.Errorf("text: %+v", s.Blob)
	}
}

func TestVersion1IsNeverCompressed(t *testing.T) {
	r, _ := newTestRepository(t)
	r.config.Version = 1
	if s := seal(t, r, Data, text(100_000)); s.Blob.Plain != 0 {
		t.Errorf("%+v", s.Blob)
	}
}

func TestSealAndUnsealUseTheBuffersTheyAreGiven(t *testing.T) {
	r, _ := newTestRepository(t)
	plain, id := text(200_000), Hash(text(200_000))
	in, out, copied := make([]byte, 0, 1<<20), make([]byte, 0, len(plain)), make([]byte, 0, 1<<20)
	work := func() {
		s, err := r.Seal(Data, id, plain, in)
		if err != nil || &s.Bytes[0] != &in[:1][0] {
			t.Fatalf("another buffer was made, or %v", err)
		}
		copied = append(copied[:0], s.Bytes...)
		got, err := r.Unseal(s.Blob, copied, out)
		if err != nil || &got[0] != &out[:1][0] {
			t.Fatalf("another buffer was made, or %v", err)
		}
	}
	work()
	// The standard library allocates a counter state of some 500 bytes each time.
	if n := testing.AllocsPerRun(20, work); n > 12 {
		t.Errorf("%.0f allocations for one blob", n)
	}
}

func TestUnsealRefusesWhatIsNotTheBlob(t *testing.T) {
	r, _ := newTestRepository(t)
	plain := text(5000)
	good := seal(t, r, Data, plain)
	sealRaw := func(b Blob, body []byte) (Blob, []byte) {
		sealed := r.master.seal(nil, body)
		b.Length = uint32(len(sealed))
		return b, sealed
	}
	packed := compress(plain, nil)
	bomb := compress(make([]byte, 64<<20), nil)
	streamed := func() []byte { // a frame that does not declare its size
		var b bytes.Buffer
		w, _ := zstd.NewWriter(&b)
		_, _ = w.Write(make([]byte, 10<<20))
		_ = w.Close()
		return b.Bytes()
	}()
	for name, c := range map[string]func() (Blob, []byte){
		"another blob's bytes":       func() (Blob, []byte) { return sealRaw(Blob{ID: Hash(plain)}, []byte("other")) },
		"a bit flipped":              func() (Blob, []byte) { b := bytes.Clone(good.Bytes); b[100] ^= 1; return good.Blob, b },
		"cut short":                  func() (Blob, []byte) { return good.Blob, good.Bytes[:len(good.Bytes)-1] },
		"nothing":                    func() (Blob, []byte) { return good.Blob, nil },
		"compressed, size too small": func() (Blob, []byte) { return sealRaw(Blob{ID: Hash(plain), Plain: 4999}, packed) },
		"compressed, size too large": func() (Blob, []byte) { return sealRaw(Blob{ID: Hash(plain), Plain: 5001}, packed) },
		"compressed, not said so":    func() (Blob, []byte) { return sealRaw(Blob{ID: Hash(plain)}, packed) },
		"not compressed, said so":    func() (Blob, []byte) { return sealRaw(Blob{ID: Hash(plain), Plain: 5000}, plain) },
		"a bomb":                     func() (Blob, []byte) { return sealRaw(Blob{ID: Hash(plain), Plain: 100}, bomb) },
		"a bomb of unknown size":     func() (Blob, []byte) { return sealRaw(Blob{ID: Hash(plain), Plain: 100}, streamed) },
		"a size beyond all limits":   func() (Blob, []byte) { return sealRaw(Blob{ID: Hash(plain), Plain: 1<<32 - 1}, packed) },
		"a type that does not exist": func() (Blob, []byte) { return sealRaw(Blob{ID: Hash(plain), Type: 9}, plain) },
	} {
		blob, sealed := c()
		if _, err := r.Unseal(blob, sealed, nil); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadBlobGivesTheBlobAndNothingElse(t *testing.T) {
	r, store := newTestRepository(t)
	plains := [][]byte{text(50_000), noise(50_000), {}, text(100)}
	pack := storePack(t, r, Data, plains...)
	for i, blob := range pack.Blobs {
		for _, buf := range [][]byte{nil, make([]byte, 0, 10), make([]byte, 0, 100_000)} {
			got, err := r.ReadBlob(t.Context(), Location{pack.ID, blob}, buf)
			if err != nil || !bytes.Equal(got, plains[i]) {
				t.Fatalf("blob %d: %d bytes, %v", i, len(got), err)
			}
			if cap(buf) == 100_000 && len(got) > 0 && &got[0] != &buf[:1][0] {
				t.Errorf("blob %d is not at the beginning of the buffer", i)
			}
		}
	}
	data := store.files["data"][pack.ID.String()]
	data[pack.Blobs[1].Offset+30] ^= 4
	if _, err := r.ReadBlob(t.Context(), Location{pack.ID, pack.Blobs[1]}, nil); !errors.Is(err, ErrDamaged) {
		t.Errorf("a flipped bit: %v", err)
	}
	if _, err := r.ReadBlob(t.Context(), Location{ID{1}, pack.Blobs[0]}, nil); !errors.Is(err, ErrNotFound) {
		t.Errorf("a pack that is not there: %v", err)
	}
}
