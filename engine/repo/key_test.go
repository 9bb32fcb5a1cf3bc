package repo

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"holdfast/engine/storage"
)

func TestEverySecretThatWasAddedOpensTheRepository(t *testing.T) {
	r, store := newTestRepository(t)
	added, err := r.AddKey(t.Context(), NewKey{Secret: "recovery", Hostname: "here", Username: "holdfast:recovery", Random: true})
	if err != nil || added.Hostname != "here" || added.Username != "holdfast:recovery" || time.Since(added.Created) > time.Minute {
		t.Fatalf("%+v, %v", added, err)
	}
	keys, err := r.Keys(t.Context())
	if err != nil || len(keys) != 2 {
		t.Fatalf("%+v, %v", keys, err)
	}
	for _, secret := range []string{testSecret, "recovery"} {
		opened, err := Open(t.Context(), store, secret)
		if err != nil || opened.material != r.material {
			t.Fatalf("%s: %v", secret, err)
		}
		if (opened.KeyID() == added.ID) != (secret == "recovery") {
			t.Errorf("%s opened as %s", secret, opened.KeyID())
		}
	}
	if _, err := r.AddKey(t.Context(), NewKey{}); err == nil {
		t.Error("a key without a secret was added")
	}
}

func TestARevokedKeyOpensNothingAndTheKeyInUseStays(t *testing.T) {
	r, store := newTestRepository(t)
	added, err := r.AddKey(t.Context(), NewKey{Secret: "lost computer", Random: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.RemoveKey(t.Context(), r.KeyID()); !errors.Is(err, ErrKeyInUse) {
		t.Fatalf("the key in use: %v", err)
	}
	if err := r.RemoveKey(t.Context(), added.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), store, "lost computer"); !errors.Is(err, ErrSecret) {
		t.Errorf("%v", err)
	}
	if err := r.RemoveKey(t.Context(), added.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("a second time: %v", err)
	}
	if err := r.RemoveKey(t.Context(), "../config"); err == nil {
		t.Error("something that is no key was removed")
	}
}

func TestAChangedPassphraseReplacesTheOldOne(t *testing.T) {
	r, store := newTestRepository(t)
	// First the new one, then a look whether it opens, then the old one goes.
	added, err := r.AddKey(t.Context(), NewKey{Secret: "new", Random: true})
	if err != nil {
		t.Fatal(err)
	}
	again, err := OpenHinted(t.Context(), store, added.ID, "new")
	if err != nil || again.KeyID() != added.ID {
		t.Fatal(err)
	}
	if err := again.RemoveKey(t.Context(), r.KeyID()); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), store, testSecret); !errors.Is(err, ErrSecret) {
		t.Error(err)
	}
	if _, err := Open(t.Context(), store, "new"); err != nil {
		t.Error(err)
	}
}

func TestAHintSavesReadingTheOtherKeys(t *testing.T) {
	r, store := newTestRepository(t)
	added, err := r.AddKey(t.Context(), NewKey{Secret: "mine", Random: true})
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	store.refuse = func(operation string, k storage.Kind, _ string) error {
		if operation == "get" && k == storage.Keys {
			read++
		}
		return nil
	}
	if _, err := OpenHinted(t.Context(), store, added.ID, "mine"); err != nil || read != 1 {
		t.Errorf("%d keys read, %v", read, err)
	}
	for _, hint := range []string{"", "nonsense", ID{1}.String(), r.KeyID()} {
		if opened, err := OpenHinted(t.Context(), store, hint, "mine"); err != nil || opened.KeyID() != added.ID {
			t.Errorf("hint %q: %v", hint, err)
		}
	}
}

// editKey writes a changed copy of the key in use over it.
func editKey(t *testing.T, r *Repository, store *memoryStore, edit func(*keyFile)) {
	t.Helper()
	f, err := parseKeyFile(store.files[storage.Keys][r.KeyID()])
	if err != nil {
		t.Fatal(err)
	}
	edit(f)
	document, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	store.files[storage.Keys][r.KeyID()] = document
}

func TestAKeyFileCannotMakeUsWorkForEver(t *testing.T) {
	for name, edit := range map[string]func(*keyFile){
		"no work":            func(f *keyFile) { f.N = 0 },
		"one":                func(f *keyFile) { f.N = 1 },
		"not a power of two": func(f *keyFile) { f.N = 1000 },
		"negative":           func(f *keyFile) { f.N = -1024 },
		"much memory":        func(f *keyFile) { f.N = 1 << 20 },
		"more memory":        func(f *keyFile) { f.N = 1 << 40 },
		"wide":               func(f *keyFile) { f.R = 1 << 30 },
		"long":               func(f *keyFile) { f.P = 1 << 30 },
		"no lanes":           func(f *keyFile) { f.P = 0 },
		"another derivation": func(f *keyFile) { f.KDF = "argon2id" },
		"no data":            func(f *keyFile) { f.Data = nil },
		"short data":         func(f *keyFile) { f.Data = f.Data[:31] },
		"changed data":       func(f *keyFile) { f.Data[20] ^= 1 },
		"another salt":       func(f *keyFile) { f.Salt[0] ^= 1 },
	} {
		r, store := newTestRepository(t)
		editKey(t, r, store, edit)
		start := time.Now()
		if _, err := Open(t.Context(), store, testSecret); !errors.Is(err, ErrSecret) {
			t.Errorf("%s: %v", name, err)
		}
		if time.Since(start) > 2*time.Second {
			t.Errorf("%s took %v", name, time.Since(start))
		}
	}
}

func TestADamagedKeyFileDoesNotShutOutTheOthers(t *testing.T) {
	r, store := newTestRepository(t)
	for i, data := range [][]byte{{}, []byte("null"), []byte("[]"), []byte("{}"), bytes.Repeat([]byte("{"), 1<<17), []byte(`{"created":"x"}`)} {
		store.files[storage.Keys][ID{byte(i + 1)}.String()] = data
	}
	if _, err := Open(t.Context(), store, testSecret); err != nil {
		t.Error(err)
	}
	keys, err := r.Keys(t.Context())
	if err != nil || len(keys) != 7 {
		t.Errorf("%d keys, %v", len(keys), err)
	}
}

func TestTheMasterKeyInsideAKeyFileIsChecked(t *testing.T) {
	good, err := newKeyMaterial().marshal()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseKeyMaterial(good); err != nil {
		t.Fatal(err)
	}
	for _, document := range []string{``, `{}`, `null`, `{"mac":{"k":"AAAA","r":"AAAA"},"encrypt":"AAAA"}`,
		`{"mac":{"k":"AAAAAAAAAAAAAAAAAAAAAA==","r":"AAAAAAAAAAAAAAAAAAAAAA=="},"encrypt":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}`} {
		if _, err := parseKeyMaterial([]byte(document)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", document, err)
		}
	}
}
