package keychain

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zalando/go-keyring"
)

// fakeVault is a keychain of the system whose moods a test sets.
type fakeVault struct {
	mu      sync.Mutex
	secrets map[string]string
	err     error         // of every call
	hang    chan struct{} // when set, every call waits for it
	loses   bool          // takes secrets and forgets them
	panics  bool
}

func (v *fakeVault) mood() error {
	if v.hang != nil {
		<-v.hang
	}
	if v.panics {
		panic("interface conversion: interface {} is string, not bool")
	}
	return v.err
}

func (v *fakeVault) Get(service, name string) (string, error) {
	if err := v.mood(); err != nil {
		return "", err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if s, ok := v.secrets[service+"/"+name]; ok {
		return s, nil
	}
	return "", keyring.ErrNotFound
}

func (v *fakeVault) Set(service, name, secret string) error {
	if err := v.mood(); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.secrets == nil {
		v.secrets = map[string]string{}
	}
	if !v.loses {
		v.secrets[service+"/"+name] = secret
	}
	return nil
}

func (v *fakeVault) Delete(service, name string) error {
	if _, err := v.Get(service, name); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.secrets, service+"/"+name)
	return nil
}

func openFake(t *testing.T, folder string, v vault, password string) *keys {
	t.Helper()
	k, err := open(Options{Folder: folder, Password: password}, v, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// conform is what every keychain promises, wherever its secrets lie.
func conform(t *testing.T, k Keychain) {
	t.Helper()
	if _, err := k.Get("nothing"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Get of nothing: %v", err)
	}
	if err := k.Delete("nothing"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Delete of nothing: %v", err)
	}
	long := bytes.Repeat([]byte{0, 0xff, '\n'}, MaxSecret/3)
	for _, secret := range [][]byte{{1, 2, 3}, {}, []byte("a passphrase with ümläut"), long} {
		if err := k.Set("one", secret); err != nil {
			t.Fatalf("Set: %v", err)
		}
		if got, err := k.Get("one"); err != nil || !bytes.Equal(got, secret) {
			t.Errorf("Get: %q, %v; want %q", got, err, secret)
		}
	}
	if err := k.Set("two", []byte("two")); err != nil {
		t.Fatal(err)
	}
	if err := k.Delete("one"); err != nil {
		t.Errorf("Delete: %v", err)
	}
	if _, err := k.Get("one"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Get of what was deleted: %v", err)
	}
	if got, err := k.Get("two"); err != nil || string(got) != "two" {
		t.Errorf("the other: %q, %v", got, err)
	}
	if err := k.Set("long", make([]byte, MaxSecret+1)); err == nil {
		t.Error("a secret that some keychains cannot hold was taken")
	}
}

func TestWithAKeychain(t *testing.T) {
	dir, v := t.TempDir(), &fakeVault{}
	k := openFake(t, dir, v, "")
	conform(t, k)
	if k.Place() != InSystem || k.Note() != "" {
		t.Error(k.Place(), k.Note())
	}
	data, err := os.ReadFile(filepath.Join(dir, "keys.sealed"))
	if err != nil || bytes.Contains(data, []byte("sealed")) {
		t.Errorf("the record holds more than a place: %s, %v", data, err)
	}
}

func TestWithoutAKeychain(t *testing.T) {
	for name, password := range map[string]string{"key file": "", "password": "correct horse"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			k := openFake(t, dir, noVault{}, password)
			if k.Place() != InFile {
				t.Error("before anything was kept:", k.Place())
			}
			conform(t, k)
			if k.Place() != InFile || !strings.HasSuffix(k.Note(), ".") {
				t.Error(k.Place(), k.Note())
			}
			if got, err := openFake(t, dir, noVault{}, password).Get("two"); err != nil || string(got) != "two" {
				t.Errorf("after a restart: %q, %v", got, err)
			}
			files, _ := os.ReadDir(dir)
			for _, f := range files {
				info, _ := f.Info()
				if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
					t.Errorf("%s is %v", f.Name(), info.Mode())
				}
				if strings.Contains(f.Name(), "tmp") || password != "" && f.Name() == "keys.key" {
					t.Errorf("%s was left", f.Name())
				}
			}
		})
	}
}

func TestAKeychainThatHangsIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &fakeVault{hang: make(chan struct{})}
		k := openFake(t, t.TempDir(), v, "")
		begin := time.Now()
		if err := k.Set("key", []byte("secret")); err != nil {
			t.Fatal(err)
		}
		if got, err := k.Get("key"); err != nil || string(got) != "secret" {
			t.Errorf("%q, %v", got, err)
		}
		if took := time.Since(begin); took > 3*time.Second {
			t.Errorf("it took %v", took)
		}
		close(v.hang)
		synctest.Wait()
		v.hang = nil
		if got, err := k.Get("key"); err != nil || string(got) != "secret" || k.Place() != InFile {
			t.Errorf("a late answer won: %q, %v, %s", got, err, k.Place())
		}
	})
}

func TestALockedKeychainIsNotAMissingSecret(t *testing.T) {
	dir, v := t.TempDir(), &fakeVault{}
	k := openFake(t, dir, v, "")
	if err := k.Set("key", []byte("secret")); err != nil {
		t.Fatal(err)
	}
	v.err = errors.New("prompt dismissed")
	if _, err := k.Get("key"); !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrNotFound) {
		t.Errorf("Get: %v", err)
	}
	if err := k.Delete("key"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Delete: %v", err)
	}
	v.err = nil
	if got, err := k.Get("key"); err != nil || string(got) != "secret" {
		t.Errorf("once unlocked: %q, %v", got, err)
	}
}

func TestAKeychainThatForgetsOrPanicsIsNotTrusted(t *testing.T) {
	for name, v := range map[string]*fakeVault{"forgets": {loses: true}, "panics": {panics: true}} {
		k := openFake(t, t.TempDir(), v, "")
		if err := k.Set("key", []byte("secret")); err != nil {
			t.Fatal(err)
		}
		if got, err := k.Get("key"); err != nil || string(got) != "secret" || k.Place() != InFile {
			t.Errorf("%s: %q, %v, %s", name, got, err, k.Place())
		}
	}
}

func TestTheKeychainIsAskedWhenTheFolderIsNew(t *testing.T) {
	v := &fakeVault{}
	if err := openFake(t, t.TempDir(), v, "").Set("key", []byte("secret")); err != nil {
		t.Fatal(err)
	}
	if got, err := openFake(t, t.TempDir(), v, "").Get("key"); err != nil || string(got) != "secret" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestASecretMovesToTheKeychainWhenItIsSetThere(t *testing.T) {
	dir := t.TempDir()
	if err := openFake(t, dir, noVault{}, "").Set("key", []byte("old")); err != nil {
		t.Fatal(err)
	}
	k := openFake(t, dir, &fakeVault{}, "")
	if got, err := k.Get("key"); err != nil || string(got) != "old" {
		t.Errorf("%q, %v", got, err)
	}
	if err := k.Set("key", []byte("new")); err != nil {
		t.Fatal(err)
	}
	if got, err := k.Get("key"); err != nil || string(got) != "new" || k.Place() != InSystem {
		t.Errorf("%q, %v, %s", got, err, k.Place())
	}
}

func TestAWrongPasswordSaysSo(t *testing.T) {
	dir := t.TempDir()
	if err := openFake(t, dir, noVault{}, "right").Set("key", []byte("secret")); err != nil {
		t.Fatal(err)
	}
	for _, password := range []string{"wrong", ""} {
		if _, err := openFake(t, dir, noVault{}, password).Get("key"); !errors.Is(err, ErrPassword) {
			t.Errorf("%q: %v", password, err)
		}
	}
}

func TestDamageIsFoundAndSetAside(t *testing.T) {
	sealed := func(t *testing.T) (string, *keys) {
		dir := t.TempDir()
		k := openFake(t, dir, noVault{}, "")
		if err := errors.Join(k.Set("a", []byte("secret a")), k.Set("b", []byte("secret b"))); err != nil {
			t.Fatal(err)
		}
		return dir, k
	}
	t.Run("two secrets are swapped", func(t *testing.T) {
		_, k := sealed(t)
		k.file.change(func(r *records) error {
			r.Secrets["a"], r.Secrets["b"] = r.Secrets["b"], r.Secrets["a"]
			return nil
		})
		if _, err := k.Get("a"); !errors.Is(err, ErrDamaged) {
			t.Error(err)
		}
	})
	t.Run("the key is gone", func(t *testing.T) {
		dir, k := sealed(t)
		os.Remove(filepath.Join(dir, "keys.key"))
		if _, err := k.Get("a"); !errors.Is(err, ErrDamaged) {
			t.Error(err)
		}
	})
	t.Run("the file is garbage", func(t *testing.T) {
		dir, k := sealed(t)
		os.WriteFile(filepath.Join(dir, "keys.sealed"), []byte("{garbage"), 0o600)
		if _, err := k.Get("a"); !errors.Is(err, ErrDamaged) {
			t.Error(err)
		}
		if err := k.Set("a", []byte("again")); err != nil {
			t.Fatal(err)
		}
		if got, err := k.Get("a"); err != nil || string(got) != "again" {
			t.Errorf("%q, %v", got, err)
		}
		if aside, _ := os.ReadFile(filepath.Join(dir, "keys.sealed.damaged")); string(aside) != "{garbage" {
			t.Errorf("set aside: %q", aside)
		}
	})
	t.Run("its scrypt wants all memory", func(t *testing.T) {
		_, k := sealed(t)
		k.file.password = "x"
		huge := record{Place: placeFile, Nonce: make([]byte, 24), Salt: []byte("s"), N: 1 << 28, R: 1 << 20, P: 1 << 20}
		if _, err := k.file.unseal("a", huge); !errors.Is(err, ErrDamaged) {
			t.Error(err)
		}
	})
}

func TestManyProgramsAtOnceLoseNothing(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	names := strings.Split("abcdefgh", "")
	for _, name := range names {
		wg.Go(func() {
			if err := openFake(t, dir, noVault{}, "").Set(name, []byte(name)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	k := openFake(t, dir, noVault{}, "")
	for _, name := range names {
		if got, err := k.Get(name); err != nil || string(got) != name {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// TestTheRealKeychain runs itself again under with-keyring.sh, which starts a
// private gnome-keyring, and then in an environment without any bus.
func TestTheRealKeychain(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the script is for Linux")
	}
	if want := os.Getenv("HOLDFAST_TEST_KEYRING"); want != "" {
		k, err := Open(Options{Folder: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		conform(t, k)
		if k.Place() != want {
			t.Errorf("it lies in the %s, want the %s", k.Place(), want)
		}
		return
	}
	again := func(t *testing.T, want string, command ...string) {
		command = append(command, os.Args[0], "-test.run=^TestTheRealKeychain$", "-test.count=1", "-test.v")
		c := exec.Command(command[0], command[1:]...)
		c.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir(), "HOME=" + t.TempDir(),
			"XDG_RUNTIME_DIR=" + t.TempDir(), "HOLDFAST_TEST_KEYRING=" + want}
		begin := time.Now()
		out, err := c.CombinedOutput()
		if err != nil || !bytes.Contains(out, []byte("--- PASS: TestTheRealKeychain")) {
			t.Errorf("%v\n%s", err, out)
		}
		if took := time.Since(begin); took > 15*time.Second {
			t.Errorf("it took %v", took)
		}
	}
	t.Run("without a bus", func(t *testing.T) { again(t, InFile) })
	for _, program := range []string{"dbus-run-session", "gnome-keyring-daemon"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	t.Run("a bus without a keychain", func(t *testing.T) { again(t, InFile, "dbus-run-session", "--") })
	t.Run("gnome-keyring", func(t *testing.T) {
		again(t, InSystem, "../../packaging/linux/with-keyring.sh")
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"version":1,"secrets":{"a":{"place":"system"}}}`))
	f.Add([]byte(`{"version":1,"secrets":{"a":{"place":"file","nonce":"AAAA","sealed":"AAAA","salt":"AA==","n":2,"r":1,"p":1}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parse(data)
		if err != nil {
			return
		}
		s := file{keyPath: filepath.Join(t.TempDir(), "none"), password: "x"}
		for name, secret := range r.Secrets {
			if secret.N <= 1024 && secret.R <= 8 && secret.P <= 1 {
				s.unseal(name, secret)
			}
		}
	})
}
