package repo

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"fmt"

	"golang.org/x/crypto/poly1305"
)

const (
	nonceSize = aes.BlockSize
	macSize   = poly1305.TagSize
	// Overhead is what sealing adds to every blob and file, in bytes.
	Overhead = nonceSize + macSize
)

// keyMaterial is one pair of keys: 32 bytes for AES-256-CTR, and for
// Poly1305-AES 16 bytes k for AES-128 and 16 bytes r.
type keyMaterial struct {
	encrypt [32]byte
	k, r    [16]byte
}

// sealer seals and opens with one keyMaterial. A sealed message is
//
//	nonce (16 bytes) || AES-256-CTR ciphertext || Poly1305-AES of the ciphertext (16 bytes)
//
// with the nonce serving both as the first counter block and as the nonce of the
// authentication code.
type sealer struct {
	block cipher.Block // AES-256 under encrypt
	mac   cipher.Block // AES-128 under k
	r     [16]byte
}

func newSealer(m keyMaterial) (*sealer, error) {
	block, err := aes.NewCipher(m.encrypt[:])
	if err != nil {
		return nil, err
	}
	mac, err := aes.NewCipher(m.k[:])
	if err != nil {
		return nil, err
	}
	return &sealer{block: block, mac: mac, r: m.r}, nil
}

// oneTimeKey is the Poly1305 key for a nonce: r || AES-128(k, nonce). Clamping r
// is part of Poly1305 itself.
func (s *sealer) oneTimeKey(nonce []byte) *[32]byte {
	var key [32]byte
	copy(key[:16], s.r[:])
	s.mac.Encrypt(key[16:], nonce)
	return &key
}

// sealInPlace turns message[nonceSize:] from plaintext into ciphertext, fills in
// the nonce before it and returns the message with the code appended.
func (s *sealer) sealInPlace(message []byte) []byte {
	nonce := message[:nonceSize]
	rand.Read(nonce)
	body := message[nonceSize:]
	cipher.NewCTR(s.block, nonce).XORKeyStream(body, body)
	var tag [macSize]byte
	poly1305.Sum(&tag, body, s.oneTimeKey(nonce))
	return append(message, tag[:]...)
}

// seal appends the sealed plaintext to out.
func (s *sealer) seal(out, plain []byte) []byte {
	start := len(out)
	out = append(out, make([]byte, nonceSize)...)
	out = append(out, plain...)
	sealed := s.sealInPlace(out[start:])
	return append(out[:start], sealed...)
}

// open authenticates a sealed message and decrypts it where it lies. Nothing is
// decrypted when the code is wrong.
func (s *sealer) open(sealed []byte) ([]byte, error) {
	if len(sealed) < Overhead {
		return nil, damaged("%d bytes are too few to be sealed", len(sealed))
	}
	nonce, body := sealed[:nonceSize], sealed[nonceSize:len(sealed)-macSize]
	tag := (*[macSize]byte)(sealed[len(sealed)-macSize:])
	if !poly1305.Verify(tag, body, s.oneTimeKey(nonce)) {
		return nil, damaged("the authentication code does not match")
	}
	cipher.NewCTR(s.block, nonce).XORKeyStream(body, body)
	return body, nil
}

func newKeyMaterial() keyMaterial {
	var m keyMaterial
	rand.Read(m.encrypt[:])
	rand.Read(m.k[:])
	rand.Read(m.r[:])
	m.r = clamp(m.r)
	return m
}

// clamp clears the bits that Poly1305 wants clear, as the master key is written
// with them cleared.
func clamp(r [16]byte) [16]byte {
	for _, i := range [...]int{3, 7, 11, 15} {
		r[i] &= 0x0f
	}
	for _, i := range [...]int{4, 8, 12} {
		r[i] &= 0xfc
	}
	return r
}

// masterJSON is how key files hold the master key, before sealing.
type masterJSON struct {
	MAC struct {
		K []byte `json:"k"`
		R []byte `json:"r"`
	} `json:"mac"`
	Encrypt []byte `json:"encrypt"`
}

func (m keyMaterial) marshal() ([]byte, error) {
	var j masterJSON
	j.MAC.K, j.MAC.R, j.Encrypt = m.k[:], m.r[:], m.encrypt[:]
	return json.Marshal(j)
}

func parseKeyMaterial(data []byte) (keyMaterial, error) {
	var j masterJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return keyMaterial{}, fmt.Errorf("%w: master key: %v", ErrDamaged, err)
	}
	var m keyMaterial
	if len(j.MAC.K) != len(m.k) || len(j.MAC.R) != len(m.r) || len(j.Encrypt) != len(m.encrypt) {
		return keyMaterial{}, damaged("the master key has parts of the wrong length")
	}
	copy(m.k[:], j.MAC.K)
	copy(m.r[:], j.MAC.R)
	copy(m.encrypt[:], j.Encrypt)
	m.r = clamp(m.r)
	if m.k == ([16]byte{}) || m.r == ([16]byte{}) || m.encrypt == ([32]byte{}) {
		return keyMaterial{}, damaged("the master key is empty")
	}
	return m, nil
}
