package verify_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"holdfast/engine/repo"
	"holdfast/engine/storage"
	"holdfast/engine/storage/faulty"
	"holdfast/engine/verify"
)

func TestAHealthyRepositoryIsWhole(t *testing.T) {
	p, _, _, _ := example(t)
	for _, percent := range []float64{0, 100} {
		r := p.check(percent)
		if !r.Whole() || len(r.Damaged) != 0 || len(r.Packs) != 0 || len(r.Blobs) != 0 || r.UnlistedPacks != 0 {
			t.Errorf("%v percent: %+v", percent, r)
		}
		if r.CheckResult.Packs < 10 || r.CheckResult.Blobs < r.CheckResult.Packs || (r.Read > 0) != (percent > 0) {
			t.Errorf("%v percent: %d packs, %d blobs, %d bytes read", percent, r.CheckResult.Packs, r.CheckResult.Blobs, r.Read)
		}
	}
}

func TestWhatResticMadeIsWhole(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1", "2"} {
		p := resticPlace(t, version)
		if r := p.check(100); !r.Whole() || r.CheckResult.Blobs == 0 || r.Read == 0 {
			t.Errorf("version %s: %+v", version, r)
		}
	}
}

func resticPlace(t testing.TB, version string) *place {
	t.Helper()
	dir, home := filepath.Join(t.TempDir(), "repository"), filepath.Join(t.TempDir(), "home")
	fill(t, home, files{"a/b/c.txt": noise("c", 3_000_000), "a/d.txt": strings.Repeat("text ", 1000), "e": "", "a/b/ü \\x.txt": "odd"})
	restic(t, dir, "init", "--repository-version", version)
	restic(t, dir, "backup", "--host", "laptop", home)
	return openPlace(t, dir)
}

// Each case damages one thing and says who is affected, with the structure checked
// only and with all data read.
func TestDamageIsNamedWithTheFilesItReachesAndNoOthers(t *testing.T) {
	letters := []string{"desk:/srv/letter.txt", "laptop:/home/anna/letter copy.txt", "laptop:/home/anna/letter.txt"}
	remove := func(p *place, l repo.Location) { p.must(os.Remove(p.path(storage.Packs, l.Pack))) }
	cut := func(n int) func(*place, repo.Location) {
		return func(p *place, l repo.Location) {
			change(p.t, p.path(storage.Packs, l.Pack), func(b []byte) []byte { return b[:n] })
		}
	}
	for _, c := range []struct {
		name   string
		path   string // whose pack is damaged
		damage func(p *place, l repo.Location)
		data   bool // found only when data is read
		says   string
		want   []string
	}{
		{"a flipped byte in a file that three paths hold", "/home/anna/letter.txt", (*place).flipBlob, true, "Of 1 piece", letters},
		{"a flipped byte in one file of a pack", "/home/anna/thesis/two.tex", (*place).flipBlob, true, "Of 2 pieces of files in it, 1 cannot be read", []string{"laptop:/home/anna/thesis/two.tex"}},
		{"a flipped byte in a version that only the older backup has", "/home/anna/thesis/one.tex", (*place).flipBlob, true, "is damaged", []string{"laptop:/home/anna/thesis/one.tex"}},
		{"a flipped byte in a folder's list", "/home/anna/thesis/figures", (*place).flipBlob, false, "is damaged", []string{"laptop:/home/anna/thesis/figures/"}},
		{"a flipped byte in a header", "/home/anna/letter.txt", func(p *place, l repo.Location) { flip(p.t, p.path(storage.Packs, l.Pack), -12) }, true, "can still be read", nil},
		{"a flipped byte in the length of a header", "/home/anna/letter.txt", func(p *place, l repo.Location) { flip(p.t, p.path(storage.Packs, l.Pack), -1) }, true, "can still be read", nil},
		{"a missing pack", "/home/anna/letter.txt", remove, false, "is missing", letters},
		{"a missing pack of a folder's list", "/home/anna", remove, false, "is missing", []string{"laptop:/home/anna/"}},
		{"a truncated pack", "/home/anna/thesis/one.tex", cut(3100), false, "it is 3100 bytes long", []string{"laptop:/home/anna/thesis/two.tex"}},
		{"an empty pack", "/etc/motd", cut(0), false, "it is 0 bytes long", []string{"laptop:/etc/motd"}},
		{"a pack that grew", "/etc/motd", func(p *place, l repo.Location) {
			change(p.t, p.path(storage.Packs, l.Pack), func(b []byte) []byte { return append(b, 0) })
		}, false, "can still be read", nil},
		{"another pack's bytes", "/etc/motd", func(p *place, l repo.Location) {
			change(p.t, p.path(storage.Packs, l.Pack), func(b []byte) []byte { return []byte(noise("other", len(b))) })
		}, true, "is damaged", []string{"laptop:/etc/motd"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, old, _, _ := example(t)
			l := p.find(old, c.path)
			c.damage(p, l)
			if r := p.check(0); r.Whole() != c.data {
				t.Errorf("with the structure checked: %q", r.Errors)
			}
			for _, percent := range []float64{0, 100} {
				if c.data && percent == 0 {
					continue
				}
				r := p.check(percent)
				if !slices.Equal(paths(r), append([]string{}, c.want...)) {
					t.Errorf("%v percent: %q are affected, want %q", percent, paths(r), c.want)
				}
				if len(r.Packs) != 1 || r.Packs[0] != l.Pack {
					t.Errorf("%v percent: damaged packs %v", percent, r.Packs)
				}
				if text := strings.Join(r.Errors, "\n"); !strings.Contains(text, c.says) || !strings.Contains(text, l.Pack.String()) {
					t.Errorf("%v percent: it says %q", percent, r.Errors)
				}
				if (len(r.Blobs) > 0) != (len(c.want) > 0) || int64(len(r.Blobs)) != r.LostBlobs || int64(len(r.Damaged)) != r.DamagedFiles {
					t.Errorf("%v percent: %+v", percent, r)
				}
			}
		})
	}
}

func TestAFileIsNamedWithTheNewestBackupThatIsAffected(t *testing.T) {
	p, old, now, _ := example(t)
	p.flipBlob(p.find(old, "/home/anna/thesis/one.tex"))
	p.flipBlob(p.find(now, "/home/anna/pictures/cat.jpg"))
	r := p.check(100)
	if !slices.Equal(paths(r), []string{"laptop:/home/anna/pictures/cat.jpg", "laptop:/home/anna/thesis/one.tex"}) {
		t.Fatal(paths(r))
	}
	for _, f := range r.Files {
		want := now
		if strings.HasSuffix(f.Path, "one.tex") {
			want = old
		}
		if f.Snapshot != want || f.Device != "id-laptop" {
			t.Errorf("%+v", f)
		}
	}
	if !strings.HasPrefix(r.Damaged[0], "laptop: /home/anna/") || !strings.Contains(r.Damaged[0], "backup") {
		t.Errorf("%q", r.Damaged)
	}
}

func TestADamagedIndexFileIsNamed(t *testing.T) {
	p, _, _, _ := example(t)
	ids, err := p.r.ListIndexes(t.Context())
	p.must(err)
	for _, id := range ids {
		flip(t, p.path(storage.Index, id), 100)
	}
	r := p.check(100)
	if len(r.Indexes) != len(ids) || !strings.Contains(r.Errors[0], "index/") {
		t.Errorf("%v, %q", r.Indexes, r.Errors)
	}
	if !slices.Equal(paths(r), []string{"desk:/", "laptop:/"}) || r.UnlistedPacks == 0 {
		t.Errorf("%q", paths(r))
	}
}

func TestADamagedSnapshotAffectsNoOther(t *testing.T) {
	p, old, _, _ := example(t)
	flip(t, p.path(storage.Snapshots, old), 40)
	r := p.check(100)
	if len(r.Errors) != 1 || !strings.Contains(r.Errors[0], "snapshots/"+old.String()) || len(r.Damaged) != 0 {
		t.Errorf("%q, %q", r.Errors, r.Damaged)
	}
}

func TestADamagedKeyIsNamed(t *testing.T) {
	p, _, _, _ := example(t)
	key, err := p.r.AddKey(t.Context(), repo.NewKey{Secret: "another", Hostname: "desk", Username: "recovery", Random: true})
	p.must(err)
	id, err := repo.ParseID(key.ID)
	p.must(err)
	flip(t, p.path(storage.Keys, id), -20)
	r := p.check(0)
	if len(r.Errors) != 1 || !strings.Contains(r.Errors[0], "keys/"+key.ID) || len(r.Damaged) != 0 {
		t.Errorf("%q", r.Errors)
	}
}

func TestASecondCopyKeepsAFileWhole(t *testing.T) {
	p, _, now, _ := example(t)
	letter := p.find(now, "/home/anna/letter.txt")
	figures := p.find(now, "/home/anna/thesis/figures")
	for _, l := range []repo.Location{letter, figures} {
		plain, err := p.r.ReadBlob(t.Context(), l, nil)
		p.must(err)
		p.addAgain("copy", l.Blob.Type, plain)
		p.finish("copy")
	}
	_, err := p.r.SaveIndex(t.Context(), p.done, nil)
	p.must(err)
	copies := p.done
	for i, l := range []repo.Location{letter, figures} {
		p.flipBlob(l)
		r := p.check(100)
		if len(r.Packs) != i+1 || len(r.Damaged) != 0 || len(r.Blobs) != 0 || !strings.Contains(strings.Join(r.Errors, " "), "No file is affected") {
			t.Errorf("%q, %q, %v", r.Errors, r.Damaged, r.Blobs)
		}
	}
	p.must(os.Remove(p.path(storage.Packs, copies[1].ID)))
	if r := p.check(0); !slices.Equal(paths(r), []string{"laptop:/home/anna/thesis/figures/"}) {
		t.Errorf("with both copies gone: %q", paths(r))
	}
}

func TestWhatNoVersionNeedsIsNoLoss(t *testing.T) {
	p, old, _, _ := example(t)
	l := p.find(old, "/home/anna/thesis/one.tex")
	tree := p.find(old, "/home/anna/thesis")
	p.must(p.r.RemoveSnapshot(t.Context(), old))
	p.flipBlob(l)
	p.flipBlob(tree)
	if r := p.check(0); !r.Whole() {
		t.Errorf("the structure is whole: %q", r.Errors)
	}
	r := p.check(100)
	if len(r.Packs) != 2 || len(r.Damaged) != 0 || !strings.Contains(r.Errors[len(r.Errors)-1], "No file is affected") {
		t.Errorf("%q, %q", r.Errors, r.Damaged)
	}
}

func TestPacksOfAKilledRunAreNoError(t *testing.T) {
	p, _, _, _ := example(t)
	p.addAgain("left", repo.Data, []byte("left behind"))
	p.finish("left")
	if r := p.check(100); !r.Whole() || r.UnlistedPacks != 1 {
		t.Errorf("%+v", r)
	}
}

func TestAnIndexThatListsAPartOfAPackIsNoDamage(t *testing.T) {
	p := newPlace(t)
	p.add("one", repo.Data, []byte(noise("a", 1000)))
	p.add("one", repo.Data, []byte(noise("b", 1000)))
	p.finish("one")
	p.done[0].Blobs = p.done[0].Blobs[:1]
	p.backUp("laptop", day, files{"/a": noise("a", 1000)})
	if r := p.check(100); !r.Whole() {
		t.Errorf("%q", r.Errors)
	}
}

func TestAnIndexThatIsWrongIsFound(t *testing.T) {
	p := newPlace(t)
	p.add("one", repo.Data, []byte(noise("a", 1000)))
	p.add("one", repo.Data, []byte(noise("b", 1000)))
	p.finish("one")
	p.done[0].Blobs[1].ID = repo.Hash([]byte(noise("c", 1000)))
	p.held[p.done[0].Blobs[1].ID] = true
	p.backUp("laptop", day, files{"/a": noise("a", 1000), "/c": noise("c", 1000)})
	if r := p.check(100); !slices.Equal(paths(r), []string{"laptop:/c"}) {
		t.Errorf("%q, %q", r.Errors, paths(r))
	}
}

func TestAPartOfTheDataIsReadWhenAPartIsAskedFor(t *testing.T) {
	p, _, _, _ := example(t)
	var progress verify.Progress
	r, err := verify.Check(t.Context(), verify.Options{Repo: p.r, Percent: 20, Progress: &progress})
	p.must(err)
	if want := (r.CheckResult.Packs + 4) / 5; progress.Packs.Load() != want {
		t.Errorf("%d of %d packs were read", progress.Packs.Load(), r.CheckResult.Packs)
	}
	if progress.Bytes.Load() != progress.Total.Load() || r.Read != progress.Total.Load() {
		t.Errorf("%d of %d bytes", progress.Bytes.Load(), progress.Total.Load())
	}
}

func TestEachTreeIsReadOnce(t *testing.T) {
	p, _, _, _ := example(t)
	var progress verify.Progress
	_, err := verify.Check(t.Context(), verify.Options{Repo: p.r, Progress: &progress})
	p.must(err)
	index, err := repo.LoadMemoryIndex(t.Context(), p.r)
	p.must(err)
	trees := int64(0)
	for l := range index.All {
		if l.Blob.Type == repo.Tree {
			trees++
		}
	}
	if progress.Trees.Load() != trees {
		t.Errorf("%d trees were decoded, there are %d", progress.Trees.Load(), trees)
	}
}

func TestADestinationOutOfReachIsAnErrorAndNoDamage(t *testing.T) {
	p, _, _, _ := example(t)
	count := faulty.Wrap(p.r.Store())
	r, err := repo.Open(t.Context(), count, secret)
	p.must(err)
	before := count.Calls(faulty.Any)
	_, err = verify.Check(t.Context(), verify.Options{Repo: r, Percent: 100, Workers: 1})
	p.must(err)
	calls := count.Calls(faulty.Any) - before
	for n := 1; n <= calls; n += 3 {
		store := faulty.Wrap(p.r.Store())
		r, err := repo.Open(t.Context(), store, secret)
		p.must(err)
		store.Add(faulty.Fault{Call: n, Last: 1 << 20, Err: storage.ErrUnreachable})
		if result, err := verify.Check(t.Context(), verify.Options{Repo: r, Percent: 100, Workers: 1}); !errors.Is(err, storage.ErrUnreachable) || len(result.Errors) > 0 {
			t.Errorf("from call %d of %d on: %v, %q", n, calls, err, result.Errors)
		}
	}
}

func TestABadSectorIsDamage(t *testing.T) {
	p, _, now, _ := example(t)
	store := faulty.Wrap(p.r.Store())
	r, err := repo.Open(t.Context(), store, secret)
	p.must(err)
	l := p.find(now, "/etc/motd")
	store.Add(faulty.Fault{Op: faulty.Get, Kind: storage.Packs, Name: l.Pack.String(), Err: errors.New("input/output error")})
	result, err := verify.Check(t.Context(), verify.Options{Repo: r, Percent: 100})
	p.must(err)
	if !slices.Equal(paths(result), []string{"laptop:/etc/motd"}) || !strings.Contains(result.Errors[0], "input/output error") {
		t.Errorf("%q, %q", result.Errors, paths(result))
	}
}

func TestMuchDamageIsCountedAndListedInPart(t *testing.T) {
	p := newPlace(t)
	f := files{}
	for i := range 10_500 {
		f["/"+string(rune('a'+i%7))+"/"+noiseName(i)] = "the same in all of them"
	}
	id := p.backUp("laptop", day, f)
	p.must(os.Remove(p.path(storage.Packs, p.find(id, "/a/"+noiseName(0)).Pack)))
	r := p.check(0)
	if r.DamagedFiles != 10_500 || len(r.Damaged) != 10_000 || len(r.Files) != 10_000 || r.LostBlobs != 1 {
		t.Errorf("%d files, %d listed, %d blobs", r.DamagedFiles, len(r.Damaged), r.LostBlobs)
	}
	if last := r.Errors[len(r.Errors)-1]; !strings.Contains(last, "10500") {
		t.Errorf("%q", last)
	}
}

func noiseName(i int) string { return repo.Hash([]byte{byte(i), byte(i >> 8)}).Short() }
