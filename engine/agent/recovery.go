package agent

import (
	"crypto/rand"
	"strings"
)

// A recovery code is 30 symbols of Crockford's Base32 in six groups: 150 bits, no
// letters that look like digits. As printed, dashes included, it is a password of
// the repository, so that restic takes it too.
// (https://www.crockford.com/base32.html)
const (
	recoveryAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	recoveryGroups   = 6
	recoveryGroup    = 5
)

func newRecoveryCode() string {
	b := make([]byte, recoveryGroups*recoveryGroup)
	rand.Read(b)
	for i := range b {
		b[i] = recoveryAlphabet[b[i]%32]
	}
	return groupRecoveryCode(string(b))
}

func groupRecoveryCode(symbols string) string {
	groups := make([]string, 0, recoveryGroups)
	for i := 0; i < len(symbols); i += recoveryGroup {
		groups = append(groups, symbols[i:i+recoveryGroup])
	}
	return strings.Join(groups, "-")
}

// normalRecoveryCode mends what happens to a code between paper and keyboard: case,
// dashes, spaces, and letters that stand for the digits they look like. False: this
// is no recovery code.
func normalRecoveryCode(typed string) (string, bool) {
	var b strings.Builder
	for _, r := range strings.ToUpper(typed) {
		switch r {
		case '-', ' ', '\t', '\n', '\r', '.', '–', '—':
			continue
		case 'O':
			r = '0'
		case 'I', 'L':
			r = '1'
		}
		if !strings.ContainsRune(recoveryAlphabet, r) {
			return "", false
		}
		b.WriteRune(r)
	}
	if b.Len() != recoveryGroups*recoveryGroup {
		return "", false
	}
	return groupRecoveryCode(b.String()), true
}
