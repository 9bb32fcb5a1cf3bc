package main

import (
	"fmt"
	"os"
	"sort"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/alecthomas/kong"
)

// tomlFile gives flags their values from the file of --config. It is strict: a key
// that is no flag is an error, so that a slip of the pen does not leave a rule out. Flags
// that say what one call of a command is about are no settings (env:"-").
type tomlFile struct {
	values map[string]any
	err    error
	read   bool
}

// Validate implements kong.Resolver; the file is not known yet.
func (f *tomlFile) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver. The environment comes before the file.
func (f *tomlFile) Resolve(c *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	f.load(c)
	if f.err != nil {
		return nil, f.err
	}
	if len(flag.Envs) == 0 {
		return nil, nil
	}
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	return f.values[flag.Name], nil
}

func (f *tomlFile) load(c *kong.Context) {
	if f.read {
		return
	}
	f.read = true
	name := configName(c)
	if name == "" {
		return
	}
	if _, err := toml.DecodeFile(name, &f.values); err != nil {
		f.err = fmt.Errorf("the settings in %s cannot be read: %w", name, err)
		return
	}
	f.err = f.strict(c, name)
}

// configName is the file of --config or its environment.
func configName(c *kong.Context) string {
	for i, arg := range c.Args {
		if arg == "--config" && i+1 < len(c.Args) {
			return c.Args[i+1]
		}
		if name, ok := strings.CutPrefix(arg, "--config="); ok {
			return name
		}
	}
	return os.Getenv("HOLDFAST_SERVER_CONFIG")
}

func (f *tomlFile) strict(c *kong.Context, name string) error {
	known := map[string]bool{}
	for _, flags := range c.Model.AllFlags(true) {
		for _, flag := range flags {
			known[flag.Name] = len(flag.Envs) > 0
		}
	}
	for _, node := range c.Model.Leaves(true) {
		for _, flags := range node.AllFlags(true) {
			for _, flag := range flags {
				known[flag.Name] = known[flag.Name] || len(flag.Envs) > 0
			}
		}
	}
	var wrong []string
	for key, value := range f.values {
		if !known[key] {
			wrong = append(wrong, key)
		}
		if list, ok := value.([]any); ok { // kong reads lists as text
			parts := make([]string, len(list))
			for i, v := range list {
				parts[i] = fmt.Sprint(v)
			}
			f.values[key] = strings.Join(parts, ",")
		}
	}
	if len(wrong) > 0 {
		sort.Strings(wrong)
		return fmt.Errorf("%s has settings that there are not: %s. Their names are those of the flags in holdfast-server serve --help", name, strings.Join(wrong, ", "))
	}
	return nil
}
