package repo

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"golang.org/x/crypto/poly1305"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTheAuthenticationCodeIsThatOfBernsteinsPaper(t *testing.T) {
	// Appendix B of "The Poly1305-AES message-authentication code".
	for _, v := range []struct{ message, r, k, nonce, code string }{
		{"f3f6", "851fc40c3467ac0be05cc20404f3f700", "ec074c835580741701425b623235add6", "fb447350c4e868c52ac3275cf9d4327e", "f4c633c3044fc145f84f335cb81953de"},
		{"", "a0f3080000f46400d0c7e9076c834403", "75deaa25c09f208e1dc4ce6b5cad3fbf", "61ee09218d29b0aaed7e154a2c5509cc", "dd3fab2251f11ac759f0887129cc2ee7"},
		{"663cea190ffb83d89593f3f476b6bc24d7e679107ea26adb8caf6652d0656136", "48443d0bb0d21109c89a100b5ce2c208", "6acb5f61a7176dd320c5c1eb2edcdc74", "ae212a55399729595dea458bc621ff0e", "0ee1c16bb73f0f4fd19881753c01cdbe"},
	} {
		var m keyMaterial
		copy(m.k[:], unhex(t, v.k))
		copy(m.r[:], unhex(t, v.r))
		s, err := newSealer(m)
		if err != nil {
			t.Fatal(err)
		}
		var code [macSize]byte
		poly1305.Sum(&code, unhex(t, v.message), s.oneTimeKey(unhex(t, v.nonce)))
		if got := hex.EncodeToString(code[:]); got != v.code {
			t.Errorf("code of %q is %s, want %s", v.message, got, v.code)
		}
	}
}

func TestTheCipherIsThatOfNISTSpecialPublication80038A(t *testing.T) {
	// F.5.6 CTR-AES256.Decrypt; the code in front is made with the same sealer.
	var m keyMaterial
	copy(m.encrypt[:], unhex(t, "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"))
	m.k[0], m.r[0] = 1, 1
	s, err := newSealer(m)
	if err != nil {
		t.Fatal(err)
	}
	nonce := unhex(t, "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
	cipher := unhex(t, "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c52b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6")
	plain := unhex(t, "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710")
	var code [macSize]byte
	poly1305.Sum(&code, cipher, s.oneTimeKey(nonce))
	sealed := append(append(nonce, cipher...), code[:]...)
	got, err := s.open(sealed)
	if err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("%x, %v", got, err)
	}
}

func TestOneFlippedBitAnywhereIsNoticed(t *testing.T) {
	s, err := newSealer(newKeyMaterial())
	if err != nil {
		t.Fatal(err)
	}
	sealed := s.seal(nil, []byte("a letter to nobody"))
	for i := range sealed {
		for bit := range 8 {
			wrong := bytes.Clone(sealed)
			wrong[i] ^= 1 << bit
			before := bytes.Clone(wrong)
			if _, err := s.open(wrong); !errors.Is(err, ErrDamaged) {
				t.Fatalf("byte %d bit %d: %v", i, bit, err)
			}
			if !bytes.Equal(wrong, before) {
				t.Fatal("something was decrypted although it was not authentic")
			}
		}
	}
	for size := range Overhead {
		if _, err := s.open(make([]byte, size)); !errors.Is(err, ErrDamaged) {
			t.Fatalf("%d bytes: %v", size, err)
		}
	}
}

func TestTwoSealingsOfTheSameDiffer(t *testing.T) {
	s, err := newSealer(newKeyMaterial())
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(s.seal(nil, []byte("x")), s.seal(nil, []byte("x"))) {
		t.Fatal("a nonce was used twice")
	}
}
