package engine_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The rules that keep the shape of the program. Each is a test, so that whoever
// breaks one learns of it before anybody reviews; whoever wants to change one
// changes it here, with the reason in the commit.

const module = "holdfast"

// pkg is one folder of Go files.
type pkg struct {
	path    string              // import path
	names   []string            // of its package clauses, tests apart
	doc     string              // package comment
	imports map[string][]string // import path to the files that have it
	tests   map[string][]string // the same of its tests
}

// packages parses the module, all files whatever system they are for.
func packages(t *testing.T) map[string]*pkg {
	t.Helper()
	found := map[string]*pkg{}
	root := ".."
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name == root {
				return nil
			}
			if strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" {
				return fs.SkipDir
			}
			if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil {
				return fs.SkipDir // another module
			}
			return nil
		}
		if strings.HasSuffix(name, ".go") {
			return add(found, root, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 5 {
		t.Fatalf("only %d packages were found", len(found))
	}
	return found
}

func add(found map[string]*pkg, root, name string) error {
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		return err
	}
	dir, err := filepath.Rel(root, filepath.Dir(name))
	if err != nil {
		return err
	}
	at := path.Join(module, filepath.ToSlash(dir))
	p := found[at]
	if p == nil {
		p = &pkg{path: at, imports: map[string][]string{}, tests: map[string][]string{}}
		found[at] = p
	}
	imports := p.imports
	if strings.HasSuffix(name, "_test.go") {
		imports = p.tests
	} else {
		if !slices.Contains(p.names, file.Name.Name) {
			p.names = append(p.names, file.Name.Name)
		}
		p.doc += packageComment(file)
	}
	for _, i := range file.Imports {
		to, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return err
		}
		imports[to] = append(imports[to], filepath.ToSlash(name))
	}
	return nil
}

func packageComment(file *ast.File) string {
	if file.Doc == nil {
		return ""
	}
	return file.Doc.Text()
}

// all is what a package and its tests import.
func (p *pkg) all() map[string][]string {
	both := map[string][]string{}
	for _, m := range []map[string][]string{p.imports, p.tests} {
		for to, files := range m {
			both[to] = append(both[to], files...)
		}
	}
	return both
}

// within says whether a path is a package or lies below it.
func within(at, parent string) bool { return at == parent || strings.HasPrefix(at, parent+"/") }

func TestTheEngineKnowsNoWindow(t *testing.T) {
	for _, p := range packages(t) {
		if !within(p.path, module+"/engine") {
			continue
		}
		for to, files := range p.all() {
			if within(to, module+"/ui") || within(to, module+"/app") || within(to, "fyne.io") {
				t.Errorf("%v: the engine imports %s", files, to)
			}
		}
	}
}

func TestTheNounsDoNoWork(t *testing.T) {
	for to, files := range packages(t)[module+"/engine"].imports {
		if strings.Contains(to, ".") || within(to, module) {
			t.Errorf("%v: package engine names things and imports %s", files, to)
		}
	}
}

func TestScreensSeeTheInterfaceOnly(t *testing.T) {
	for _, p := range packages(t) {
		if !within(p.path, module+"/ui/desktop") {
			continue
		}
		for to, files := range p.all() {
			ours := within(to, module)
			if ours && to != module+"/engine" && !within(to, module+"/assets") && !within(to, module+"/ui/desktop") {
				t.Errorf("%v: a screen imports %s", files, to)
			}
		}
	}
}

// fyne/v2/app needs cgo and a display; without it the screens are tested in a blink.
func TestOnlyTheProgramOpensAWindow(t *testing.T) {
	for _, p := range packages(t) {
		for to, files := range p.all() {
			if to == "fyne.io/fyne/v2/app" && !within(p.path, module+"/app") {
				t.Errorf("%v: %s is for app only", files, to)
			}
		}
	}
}

func TestOnlyProgramsWireTheAgent(t *testing.T) {
	agent := module + "/engine/agent"
	for _, p := range packages(t) {
		if within(p.path, module+"/app") || within(p.path, agent) {
			continue
		}
		for to, files := range p.all() {
			if within(to, agent) {
				t.Errorf("%v: only app imports %s", files, to)
			}
		}
	}
}

// What only stores must not be able to decrypt.
func TestWhoStoresCannotDecrypt(t *testing.T) {
	all := packages(t)
	for _, p := range all {
		stores := within(p.path, module+"/engine/storage") ||
			within(p.path, module+"/engine/server") && strings.Contains(strings.TrimPrefix(p.path, module), "stor")
		if !stores {
			continue
		}
		if way := reach(all, p.path, module+"/engine/repo", map[string]bool{}); way != nil {
			t.Errorf("a package that stores can decrypt: %s", strings.Join(way, " imports "))
		}
	}
}

// reach finds a way of imports from one package to another.
func reach(all map[string]*pkg, from, to string, seen map[string]bool) []string {
	if from == to {
		return []string{to}
	}
	p := all[from]
	if p == nil || seen[from] {
		return nil
	}
	seen[from] = true
	for next := range p.imports {
		if way := reach(all, next, to, seen); way != nil {
			return append([]string{from}, way...)
		}
	}
	return nil
}

func TestPackagesAreCalledForWhatTheyDo(t *testing.T) {
	empty := []string{"util", "utils", "common", "helper", "helpers", "manager", "managers", "misc", "shared"}
	for _, p := range packages(t) {
		for _, name := range append([]string{path.Base(p.path)}, p.names...) {
			if slices.Contains(empty, name) {
				t.Errorf("%s: %q says nothing", p.path, name)
			}
		}
		if len(p.names) > 1 {
			t.Errorf("%s has packages %v", p.path, p.names)
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.names) == 0 {
			continue // tests only
		}
		name := p.names[0]
		switch {
		case p.doc == "":
			t.Errorf("%s has no package comment", p.path)
		case name != "main" && !strings.HasPrefix(p.doc, "Package "+name+" "):
			t.Errorf("%s: its comment begins %.40q, not with its name", p.path, p.doc)
		}
	}
}

// The command and the server run where there is no C library, and are built for
// other systems from any one.
func TestTheCommandAndTheServerNeedNoC(t *testing.T) {
	for _, program := range []string{"holdfast", "holdfast-server"} {
		if _, err := os.Stat(filepath.Join("..", "app", program)); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		for _, system := range []string{"linux", "windows", "darwin"} {
			list := exec.Command("go", "list", "-e", "-deps", "-json=ImportPath,Error", "./app/"+program)
			list.Dir = ".."
			list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system)
			out, err := list.Output()
			if err != nil {
				t.Fatalf("%s for %s: %v", program, system, err)
			}
			checkDependencies(t, program+" for "+system, out)
		}
	}
}

func checkDependencies(t *testing.T, program string, out []byte) {
	t.Helper()
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var dependency struct {
			ImportPath string
			Error      *struct{ Err string }
		}
		if err := d.Decode(&dependency); err != nil {
			t.Fatal(err)
		}
		at := dependency.ImportPath
		if dependency.Error != nil {
			t.Errorf("%s: %s: %s", program, at, dependency.Error.Err)
		}
		if at == "runtime/cgo" || within(at, "fyne.io") || within(at, "github.com/go-gl") {
			t.Errorf("%s depends on %s", program, at)
		}
	}
}
