package rest

import (
	"strings"
	"testing"

	"holdfast/engine/storage/storagetest"
)

func TestListsOfBothVersionsAreReadAndForeignNamesLeftOut(t *testing.T) {
	name := storagetest.Name(1)
	for text, want := range map[string]int64{
		`[]`: -2, `null`: -2, `["` + name + `"]`: -1, `[{"name":"` + name + `","size":5}]`: 5,
		`[{"name":"../config","size":1},{"name":"` + name + `","size":6,"time":"2026-11-23T12:00:00Z","more":[1]}]`: 6,
	} {
		entries, err := decodeList(strings.NewReader(text), nil)
		switch {
		case err != nil:
			t.Errorf("%s: %v", text, err)
		case want == -2 && len(entries) != 0, want > -2 && (len(entries) != 1 || entries[0].size != want):
			t.Errorf("%s: %v", text, entries)
		}
	}
	for _, text := range []string{``, `{}`, `[`, `[{"name":"` + name + `","size":5}`, `[{"name":"` + name + `","size":5},`, `[1]`, `"x"`} {
		if entries, err := decodeList(strings.NewReader(text), nil); err == nil {
			t.Errorf("%s: %v", text, entries)
		}
	}
}

func FuzzDecodeList(f *testing.F) {
	f.Add(`[{"name":"` + storagetest.Name(1) + `","size":5,"time":"2026-11-23T12:00:00Z"}]`)
	f.Add(`["` + storagetest.Name(2) + `"]`)
	f.Fuzz(func(t *testing.T, text string) {
		entries, _ := decodeList(strings.NewReader(text), nil)
		if len(entries) > len(text)/64 {
			t.Errorf("%d entries in %d bytes", len(entries), len(text))
		}
	})
}
