package repo

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// ID is a SHA-256. It names blobs by their plaintext and files by their bytes in
// the store.
type ID [sha256.Size]byte

// Hash is the name of data.
func Hash(data []byte) ID { return sha256.Sum256(data) }

// ParseID reads the 64 hexadecimal digits that String writes.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != hex.EncodedLen(len(id)) {
		return ID{}, fmt.Errorf("repository: %q is not an id", clip(s))
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return ID{}, fmt.Errorf("repository: %q is not an id", clip(s))
	}
	return id, nil
}

// String is the id in lower case hexadecimal.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Short is the beginning of String, for people.
func (id ID) Short() string { return hex.EncodeToString(id[:4]) }

// IsZero says that the id was never set; no data hashes to it.
func (id ID) IsZero() bool { return id == ID{} }

// Compare orders ids as bytes.
func (id ID) Compare(other ID) int { return bytes.Compare(id[:], other[:]) }

// AppendText implements encoding.TextAppender.
func (id ID) AppendText(b []byte) ([]byte, error) { return hex.AppendEncode(b, id[:]), nil }

// MarshalJSON writes the hexadecimal digits as a string.
func (id ID) MarshalJSON() ([]byte, error) { return appendID(nil, id), nil }

// UnmarshalJSON reads what MarshalJSON wrote.
func (id *ID) UnmarshalJSON(data []byte) error {
	if len(data) < 2 || data[0] != '"' || data[len(data)-1] != '"' {
		return fmt.Errorf("repository: %q is not an id", clip(string(data)))
	}
	parsed, err := ParseID(string(data[1 : len(data)-1]))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

func appendID(b []byte, id ID) []byte {
	b = append(b, '"')
	b = hex.AppendEncode(b, id[:])
	return append(b, '"')
}

// clip keeps foreign text in error messages short.
func clip(s string) string {
	const most = 80
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
