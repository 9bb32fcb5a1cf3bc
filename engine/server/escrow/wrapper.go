package escrow

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
)

// Wrapper is a master key: it wraps small secrets so that only it opens them again.
// The context of wrapping must be given again for unwrapping; it is bound to the
// secret and not hidden. An error of Unwrap is ErrDamaged when what is wrapped, or the
// context, is not what Wrap made. The methods are safe for use by several goroutines.
type Wrapper interface {
	// ID names the master key, for ever, and tells nothing of it.
	ID() string
	Wrap(ctx context.Context, plain, context []byte) ([]byte, error)
	Unwrap(ctx context.Context, wrapped, context []byte) ([]byte, error)
}

// binding is the context of an account's secret: each part after its length.
func binding(account, keyFile string) []byte {
	b := []byte("holdfast escrow 1\n")
	for _, part := range []string{account, keyFile} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
		b = append(b, part...)
	}
	return b
}

// embedded is a master key of 256 bits in this process. It wraps with AES-256-GCM
// (NIST SP 800-38D) and random nonces:
//
//	1 (one byte: this form) ‖ nonce (12) ‖ ciphertext ‖ tag (16)
type embedded struct {
	id   string
	aead cipher.AEAD
}

const formGCM = 1

func newEmbedded(id string, key []byte) (*embedded, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &embedded{id, aead}, nil
}

func (e *embedded) ID() string { return e.id }

func (e *embedded) Wrap(_ context.Context, plain, context []byte) ([]byte, error) {
	return e.aead.Seal([]byte{formGCM}, nil, plain, context), nil
}

func (e *embedded) Unwrap(_ context.Context, wrapped, context []byte) ([]byte, error) {
	if len(wrapped) == 0 || wrapped[0] != formGCM {
		return nil, fmt.Errorf("%w: it has an unknown form", ErrDamaged)
	}
	plain, err := e.aead.Open(nil, nil, wrapped[1:], context)
	if err != nil {
		return nil, ErrDamaged
	}
	return plain, nil
}
