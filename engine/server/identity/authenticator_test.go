package identity_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"
)

// authenticator is a passkey in software (ES256, attestation "none").
type authenticator struct {
	key     *ecdsa.PrivateKey
	id      []byte
	handle  string
	origin  string
	counter uint32
	flags   byte
}

const (
	present  = 0x01
	verified = 0x04
	attested = 0x40
)

func newAuthenticator(t *testing.T) *authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return &authenticator{key: key, id: []byte(rand.Text()), origin: "https://localhost:8443", flags: present | verified}
}

type creationOptions struct {
	PublicKey struct {
		Challenge          string
		RP                 struct{ ID string }
		User               struct{ ID string }
		ExcludeCredentials []struct{ ID string }
	}
}

type requestOptions struct {
	PublicKey struct {
		Challenge, RPID  string
		UserVerification string
		AllowCredentials []struct{ ID string }
	}
}

func (a *authenticator) clientData(kind, challenge string) []byte {
	text, _ := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.origin, "crossOrigin": false})
	return text
}

func (a *authenticator) data(rp string, more byte) []byte {
	sum := sha256.Sum256([]byte(rp))
	return binary.BigEndian.AppendUint32(append(sum[:], a.flags|more), a.counter)
}

// create answers navigator.credentials.create.
func (a *authenticator) create(t *testing.T, options []byte) []byte {
	t.Helper()
	var o creationOptions
	must(t, json.Unmarshal(options, &o))
	a.handle = o.PublicKey.User.ID
	public, err := a.key.PublicKey.Bytes() // 4, x, y
	must(t, err)
	data := a.data(o.PublicKey.RP.ID, attested)
	data = append(data, make([]byte, 16)...) // AAGUID
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.id)))
	data = append(data, a.id...)
	// COSE key: {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}
	data = append(data, 0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 32)
	data = append(data, public[1:33]...)
	data = append(data, 0x22, 0x58, 32)
	data = append(data, public[33:]...)
	// {"fmt": "none", "attStmt": {}, "authData": data}
	object := append([]byte{0xa3}, "\x63fmt\x64none\x67attStmt\xa0\x68authData\x58"...)
	object = append(append(object, byte(len(data))), data...)
	return a.answer(t, map[string]any{
		"clientDataJSON":    encode(a.clientData("webauthn.create", o.PublicKey.Challenge)),
		"attestationObject": encode(object),
	})
}

// get answers navigator.credentials.get.
func (a *authenticator) get(t *testing.T, options []byte) []byte {
	t.Helper()
	var o requestOptions
	must(t, json.Unmarshal(options, &o))
	a.counter++
	data := a.data(o.PublicKey.RPID, 0)
	client := a.clientData("webauthn.get", o.PublicKey.Challenge)
	clientHash := sha256.Sum256(client)
	sum := sha256.Sum256(append(append([]byte{}, data...), clientHash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, sum[:])
	must(t, err)
	return a.answer(t, map[string]any{
		"clientDataJSON":    encode(client),
		"authenticatorData": encode(data),
		"signature":         encode(signature),
		"userHandle":        a.handle,
	})
}

func (a *authenticator) answer(t *testing.T, response map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{"id": encode(a.id), "rawId": encode(a.id), "type": "public-key", "response": response})
	must(t, err)
	return text
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
