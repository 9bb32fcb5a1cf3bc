package api_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"holdfast/engine/server/computers"
	"holdfast/engine/server/people"
	"holdfast/engine/server/store"
	"holdfast/engine/server/store/disk"
	"holdfast/engine/storage"
)

// keyFile stores a key file as the computers write it, for a purpose.
func (v *world) keyFile(by who, user string) string {
	v.t.Helper()
	return v.put(by, "keys", fmt.Sprintf(`{"created":"2026-03-01T09:00:00Z","username":%q,"hostname":"laptop","kdf":"scrypt","N":1024,"r":8,"p":1,"salt":"c2FsdA==","data":"%s"}`, user, "c2VhbGVk"))
}

// keyFiles are the names of those that can be seen.
func (v *world) keyFiles(p people.Person) []string {
	v.t.Helper()
	list, err := v.s.Store.Files(v.t.Context(), p.ID, storage.Keys)
	v.must(err)
	var names []string
	for _, o := range list {
		names = append(names, o.Name)
	}
	return names
}

func (v *world) keep(me who, keyFile string) {
	v.t.Helper()
	v.want(v.ask(me, "PUT", "/api/v1/keys/escrow", `{"secret":"c2VjcmV0","key_file":"`+keyFile+`"}`), 204, "")
}

const computersKey = "holdfast:computer:0123456789abcdef0123456789abcdef"

func TestTheInstitutionForgetsItsKeyOnlyWhereAPersonHasOne(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		for _, test := range []struct {
			what   string
			others []string // what the other key files are for
			status int
		}{
			{"nothing else", nil, 409},
			{"the keys of computers", []string{computersKey, computersKey + "1"}, 409},
			{"another key of the institution", []string{"holdfast:escrow"}, 409},
			{"a recovery code", []string{computersKey, "holdfast:recovery"}, 204},
			{"a passphrase", []string{"holdfast:passphrase"}, 204},
			{"a password of restic’s", []string{"ann"}, 204},
			{"a key without a user name", []string{""}, 204},
		} {
			for name, named := range map[string]func(string) string{
				"by its name":                     func(institutions string) string { return institutions },
				"before anybody said which it is": func(string) string { return "pending" },
			} {
				t.Run(test.what+", "+name, func(t *testing.T) {
					ann := v.person(fmt.Sprintf("ann-%d@college.edu", v.letters()), people.Member)
					me := v.signIn(ann)
					_, c := v.computer(ann, "laptop")
					institutions := v.keyFile(c, "holdfast:escrow")
					for _, user := range test.others {
						v.keyFile(c, user)
					}
					v.keep(me, named(institutions))
					before := v.keyFiles(ann)
					a := v.ask(me, "DELETE", "/api/v1/keys/escrow", "")
					kept, _, _, err := v.s.Escrow.Mode(t.Context(), ann.ID)
					v.must(err)
					if a.status != test.status || kept != (test.status == 409) {
						t.Fatalf("%d %s, and the key is kept: %v", a.status, a.body, kept)
					}
					if kept && !slices.Equal(v.keyFiles(ann), before) || !kept && slices.Contains(v.keyFiles(ann), institutions) {
						t.Errorf("of %v there are %v", before, v.keyFiles(ann))
					}
				})
			}
		}
	})
}

func TestAnAccountThatHasNothingYetKeepsItsPendingKey(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		me := v.signIn(v.person("ann@college.edu", people.Member))
		v.keep(me, "pending")
		v.want(v.ask(me, "DELETE", "/api/v1/keys/escrow", ""), 409, "conflict")
		v.want(v.ask(me, "DELETE", "/api/v1/keys/pending", ""), 404, "not_found")
		v.want(v.ask(me, "POST", "/api/v1/keys/release", `{}`), 200, "")
	})
}

func TestAKeyIsKeptOnlyForAKeyFile(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		me := v.signIn(v.person("ann@college.edu", people.Member))
		for _, name := range []string{"", "x", "../config", keyFileName[1:]} {
			v.want(v.ask(me, "PUT", "/api/v1/keys/escrow", `{"secret":"c2VjcmV0","key_file":"`+name+`"}`), 400, "bad_request")
		}
	})
}

func TestTheLastKeyThatAPersonCanOpenWithStays(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		ann := v.person("ann@college.edu", people.Member)
		me := v.signIn(ann)
		_, c := v.computer(ann, "laptop")
		remove := func(name string, status int, code string) {
			t.Helper()
			v.want(v.ask(me, "DELETE", "/api/v1/keys/"+name, ""), status, code)
		}
		recovery, laptop, desktop := v.keyFile(c, "holdfast:recovery"), v.keyFile(c, computersKey), v.keyFile(c, computersKey+"1")
		broken := v.put(c, "keys", `{"username":"holdfast:passphrase"}`)
		remove(recovery, 409, "conflict") // computers have keys, and something that looks like one of a person is none
		remove(broken, 204, "")
		remove(desktop, 204, "") // a computer that was lost
		remove(desktop, 404, "not_found")

		passphrase := v.keyFile(c, "holdfast:passphrase")
		remove(recovery, 204, "")
		remove(passphrase, 409, "conflict")

		institutions := v.keyFile(c, "holdfast:escrow")
		remove(passphrase, 409, "conflict") // a key of the institution whose secret nobody keeps opens nothing
		v.keep(me, "pending")
		remove(institutions, 409, "conflict")
		remove(passphrase, 204, "") // the institution gives its key to the person
		v.keep(me, institutions)
		remove(institutions, 409, "conflict")
		remove(laptop, 204, "")
		if left := v.keyFiles(ann); !slices.Equal(left, []string{institutions}) {
			t.Errorf("left are %v", left)
		}
	})
}

func TestOfManyRemovalsAtOnceSomeKeyOfAPersonIsLeft(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		for n := range 5 {
			ann := v.person(fmt.Sprintf("ann%d@college.edu", n), people.Member)
			me := v.signIn(ann)
			_, c := v.computer(ann, "laptop")
			institutions := v.keyFile(c, "holdfast:escrow")
			v.keep(me, institutions)
			v.keyFile(c, computersKey)
			ways := map[string]bool{institutions: true}
			paths := []string{"/api/v1/keys/escrow"}
			for _, user := range []string{"holdfast:recovery", "holdfast:passphrase"} {
				name := v.keyFile(c, user)
				ways[name] = true
				paths = append(paths, "/api/v1/keys/"+name)
			}
			var all sync.WaitGroup
			for _, path := range paths {
				all.Go(func() {
					if a := v.ask(me, "DELETE", path, ""); a.status != 204 && a.status != 409 {
						t.Errorf("DELETE %s: %d %s", path, a.status, a.body)
					}
				})
			}
			all.Wait()
			kept, _, _, err := v.s.Escrow.Mode(t.Context(), ann.ID)
			v.must(err)
			left := v.keyFiles(ann)
			if !slices.ContainsFunc(left, func(name string) bool { return ways[name] && (kept || name != institutions) }) {
				t.Fatalf("nobody can open the files on a new computer: %v, kept %v", left, kept)
			}
		}
	})
}

// watchedBytes do something whenever a file is read.
type watchedBytes struct {
	store.Bytes
	reading func()
}

func (b watchedBytes) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	b.reading()
	return b.Bytes.Open(ctx, key, offset, length)
}

// watch puts the storage behind watchedBytes.
func (v *world) watch(reading func()) {
	v.t.Helper()
	bytesOf, err := disk.Open(v.t.TempDir())
	v.must(err)
	v.s.Store = store.New(v.db, watchedBytes{bytesOf, reading}, store.Options{}, v.now)
	v.serve()
}

// A storage that is far away takes its time, for as many key files as somebody has.
func TestWhileKeyFilesAreReadEverybodyElseGoesOn(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		ann := v.person("ann@college.edu", people.Member)
		reads := 0
		v.watch(func() {
			reads++
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, _, err := v.s.Computers.Register(ctx, ann.ID, computers.Registration{Name: "another", Owner: computers.Institution})
			if err != nil {
				t.Errorf("while a key file is read: %v", err)
			}
		})
		me := v.signIn(ann)
		_, c := v.computer(ann, "laptop")
		passphrase, recovery := v.keyFile(c, "holdfast:passphrase"), v.keyFile(c, "holdfast:recovery")
		v.want(v.ask(me, "DELETE", "/api/v1/keys/"+passphrase, ""), 204, "")
		v.want(v.ask(me, "DELETE", "/api/v1/keys/"+recovery, ""), 409, "conflict")
		if reads != 3 {
			t.Errorf("%d key files were read", reads)
		}
	})
}

func TestAKeyFileThatComesWhileOthersAreReadCounts(t *testing.T) {
	each(t, func(t *testing.T, v *world) {
		ann := v.person("ann@college.edu", people.Member)
		me := v.signIn(ann)
		_, c := v.computer(ann, "laptop")
		var once sync.Once
		v.watch(func() { once.Do(func() { v.keyFile(c, "holdfast:recovery") }) })
		passphrase := v.keyFile(c, "holdfast:passphrase")
		v.want(v.ask(me, "DELETE", "/api/v1/keys/"+passphrase, ""), 204, "")
		if left := v.keyFiles(ann); len(left) != 1 || left[0] == passphrase {
			t.Errorf("left are %v", left)
		}
	})
}
