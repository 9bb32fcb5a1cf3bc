package repo

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/restic/chunker"

	"holdfast/engine/storage"
)

func TestARepositoryOpensWithItsSecretOnly(t *testing.T) {
	r, store := newTestRepository(t)
	opened, err := Open(t.Context(), store, testSecret)
	if err != nil || opened.Config() != r.Config() || opened.KeyID() != r.KeyID() || opened.material != r.material {
		t.Fatalf("%v", err)
	}
	for _, secret := range []string{"", "wrong", testSecret + " "} {
		if _, err := Open(t.Context(), store, secret); !errors.Is(err, ErrSecret) {
			t.Errorf("%q: %v", secret, err)
		}
	}
	if _, err := Open(t.Context(), newMemoryStore(), testSecret); !errors.Is(err, ErrNotRepository) {
		t.Error(err)
	}
}

func TestInitRefusesAPlaceThatIsTaken(t *testing.T) {
	r, store := newTestRepository(t)
	before := len(store.names(storage.Keys))
	if _, err := Init(t.Context(), store, InitOptions{Key: NewKey{Secret: "other", Random: true}}); !errors.Is(err, ErrExists) {
		t.Error(err)
	}
	if len(store.names(storage.Keys)) != before {
		t.Error("a key was left behind")
	}
	if _, err := Open(t.Context(), store, testSecret); err != nil || r.Config().Version != 2 {
		t.Error(err)
	}
}

func TestOfTwoThatInitAtOnceOneIsToldSo(t *testing.T) {
	store := newMemoryStore()
	var first *Repository
	// The other one finishes between our look for a config file and our writing it.
	store.refuse = func(operation string, k storage.Kind, _ string) error {
		if operation == "put" && k == storage.Config && first == nil {
			first = &Repository{}
			store.files[storage.Config] = map[string][]byte{"": []byte("of the other")}
		}
		return nil
	}
	if _, err := Init(t.Context(), store, InitOptions{Key: NewKey{Secret: "a", Random: true}}); !errors.Is(err, ErrExists) {
		t.Error(err)
	}
	if len(store.names(storage.Keys)) != 0 {
		t.Error("the key of the one that came too late was left behind")
	}
}

func TestAKeyOfAnInitThatCameTooLateKeepsNobodyOut(t *testing.T) {
	for range 8 { // the names of keys decide which is tried first, and they are random
		store := newMemoryStore()
		if _, err := Init(t.Context(), store, InitOptions{Key: NewKey{Secret: "shared", Random: true}}); err != nil {
			t.Fatal(err)
		}
		late := newMemoryStore()
		if _, err := Init(t.Context(), late, InitOptions{Key: NewKey{Secret: "shared", Random: true}}); err != nil {
			t.Fatal(err)
		}
		left := late.names(storage.Keys)[0]
		store.files[storage.Keys][left] = late.files[storage.Keys][left]
		for _, hint := range []string{"", left} {
			if _, err := OpenHinted(t.Context(), store, hint, "shared"); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestAnInitThatFailedCanBeTriedAgain(t *testing.T) {
	store := newMemoryStore()
	store.refuse = func(operation string, k storage.Kind, _ string) error {
		if operation == "put" && k == storage.Config {
			return storage.ErrFull
		}
		return nil
	}
	options := InitOptions{Key: NewKey{Secret: "a", Random: true}}
	if _, err := Init(t.Context(), store, options); !errors.Is(err, storage.ErrFull) {
		t.Fatal(err)
	}
	store.refuse = nil
	if _, err := Init(t.Context(), store, options); err != nil {
		t.Fatal(err)
	}
}

func TestARandomPolynomialIsChosenForEachRepository(t *testing.T) {
	seen := map[chunker.Pol]bool{}
	for range 2 {
		r, err := Init(t.Context(), newMemoryStore(), InitOptions{Key: NewKey{Secret: "a", Random: true}})
		if err != nil {
			t.Fatal(err)
		}
		seen[r.Config().Polynomial] = true
	}
	if len(seen) != 2 {
		t.Error("two repositories share a polynomial")
	}
	if _, err := Init(t.Context(), newMemoryStore(), InitOptions{Key: NewKey{Secret: "a", Random: true}, Polynomial: 0x10}); err == nil {
		t.Error("a polynomial that is not irreducible was taken")
	}
}

func TestAConfigThatIsNotOneIsRefused(t *testing.T) {
	r, store := newTestRepository(t)
	set := func(edit func(map[string]any)) {
		document, _ := json.Marshal(r.Config())
		var fields map[string]any
		_ = json.Unmarshal(document, &fields)
		edit(fields)
		document, _ = json.Marshal(fields)
		store.files[storage.Config][""] = r.master.seal(nil, document)
	}
	for name, c := range map[string]struct {
		edit func(map[string]any)
		want error
	}{
		"as it was":             {func(map[string]any) {}, nil},
		"version 1":             {func(m map[string]any) { m["version"] = 1 }, nil},
		"version 0":             {func(m map[string]any) { m["version"] = 0 }, ErrDamaged},
		"version 3":             {func(m map[string]any) { m["version"] = 3 }, ErrNewer},
		"no id":                 {func(m map[string]any) { delete(m, "id") }, ErrDamaged},
		"a broken polynomial":   {func(m map[string]any) { m["chunker_polynomial"] = "10" }, ErrDamaged},
		"another kind of value": {func(m map[string]any) { m["version"] = "two" }, ErrDamaged},
	} {
		set(c.edit)
		if _, err := Open(t.Context(), store, testSecret); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	store.files[storage.Config][""] = []byte("short")
	if _, err := Open(t.Context(), store, testSecret); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
}

func TestIDsAreSixtyFourHexadecimalDigits(t *testing.T) {
	id := Hash([]byte("x"))
	parsed, err := ParseID(id.String())
	if err != nil || parsed != id || id.IsZero() || !(ID{}).IsZero() {
		t.Fatal(err)
	}
	for _, s := range []string{"", "ab", id.String()[1:], id.String() + "0", "g" + id.String()[1:]} {
		if _, err := ParseID(s); err == nil {
			t.Errorf("%q is an id", s)
		}
	}
	document, err := json.Marshal(map[string]ID{"id": id})
	var back map[string]ID
	if err != nil || string(document) != `{"id":"`+id.String()+`"}` || json.Unmarshal(document, &back) != nil || back["id"] != id {
		t.Errorf("%s %v", document, err)
	}
}
