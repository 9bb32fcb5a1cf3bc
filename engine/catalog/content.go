package catalog

import (
	"encoding/binary"
	"fmt"

	"holdfast/engine/repo"
)

// The content of a file is stored as the numbers of its blobs: the first as a
// uvarint, each other as the varint of its distance from the one before, which is
// mostly 1.

func appendNumbers(b []byte, numbers []int64) []byte {
	last := int64(0)
	for _, n := range numbers {
		b = binary.AppendVarint(b, n-last)
		last = n
	}
	return b
}

func eachNumber(content []byte, fn func(int64) error) error {
	last := int64(0)
	for len(content) > 0 {
		d, n := binary.Varint(content)
		if n <= 0 {
			return fmt.Errorf("%w: content of an entry", ErrDamaged)
		}
		content = content[n:]
		last += d
		if err := fn(last); err != nil {
			return err
		}
	}
	return nil
}

// numbersOf turns ids into the stored form. missing decides about a blob that no
// pack holds: an error, or a number for it.
func numbersOf(s *session, ids []repo.ID, missing func(repo.ID) (int64, error)) ([]byte, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var fixed [8]int64
	numbers := fixed[:0]
	for _, id := range ids {
		n, stored, err := blobNumber(s, repo.Data, id)
		if err != nil {
			return nil, err
		}
		if !stored {
			if n, err = missing(id); err != nil {
				return nil, err
			}
		}
		numbers = append(numbers, n)
	}
	return appendNumbers(make([]byte, 0, 4+len(ids)), numbers), nil
}

// idsOf is the reverse of numbersOf.
func idsOf(s *session, content []byte) ([]repo.ID, error) {
	if len(content) == 0 {
		return nil, nil
	}
	ids := make([]repo.ID, 0, 1+len(content)/3)
	err := eachNumber(content, func(n int64) error {
		found, err := s.first(func(r row) { ids = append(ids, idOf(r.bytes(0))) },
			"SELECT hash FROM blob WHERE id = ?", n)
		if err == nil && !found {
			err = fmt.Errorf("%w: blob %d of an entry", ErrDamaged, n)
		}
		return err
	})
	return ids, err
}
