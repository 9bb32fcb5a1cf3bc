package identity

import (
	"testing"

	"github.com/alexedwards/argon2id"
)

func TestAnUnknownNameCostsWhatAKnownOneDoes(t *testing.T) {
	p, _, _, err := argon2id.DecodeHash(nobodys)
	if err != nil || *p != *parameters {
		t.Fatalf("%+v, %v", p, err)
	}
}
