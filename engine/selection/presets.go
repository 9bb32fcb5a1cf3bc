package selection

import (
	"slices"

	"holdfast/engine"
)

// Preset is an exclusion with a name, made of extensions and wildcard patterns.
//
// All presets hold the names of all systems: a selection moves from an old computer to
// a new one, and a drive from one to another.
type Preset struct {
	Name        string // in Exclusion.Pattern
	Title       string
	Description string // one sentence
	Extensions  []string
	Patterns    []string
	Default     bool // in force in a new selection
}

// Presets lists all presets, in the order in which they are shown.
//
// What is on by default is what nobody has made and every program makes again: caches,
// trash, temporary files, downloads that are not complete. Build products are off:
// folders are called target, build or dist by people as well, a backup that leaves out
// what somebody made is worse than one that keeps what could be made again, and stored
// a second time such files cost next to nothing. Virtual disks, films and music are
// off for the same reason: they are somebody's files, only large.
func Presets() []Preset {
	all := make([]Preset, len(presets))
	for i, p := range presets {
		p.Extensions, p.Patterns = slices.Clone(p.Extensions), slices.Clone(p.Patterns)
		all[i] = p
	}
	return all
}

func presetNamed(name string) (Preset, bool) {
	i := slices.IndexFunc(presets, func(p Preset) bool { return p.Name == name })
	if i < 0 {
		return Preset{}, false
	}
	return presets[i], true
}

var presets = []Preset{
	{
		Name: "caches", Title: "Caches", Default: true,
		Description: "What programs keep to be faster and make again by themselves.",
		// Only where programs keep their own things: a folder that a person calls Cache
		// is a person's folder.
		Patterns: []string{
			"~/.cache/", "~/Library/Caches/", "~/Library/Containers/*/Data/Library/Caches/",
			"~/.var/app/*/cache/", "~/snap/*/*/.cache/",
			"~/.config/**/Cache/", "~/.config/**/Code Cache/", "~/.config/**/GPUCache/",
			"~/.config/**/CacheStorage/", "~/.config/**/CachedData/", "~/.config/**/ShaderCache/",
			"~/.mozilla/**/cache2/", "~/.thunderbird/**/cache2/", "~/.thumbnails/",
			"~/.npm/_cacache/", "~/.local/share/baloo/", "~/.local/share/tracker/",
			"~/AppData/Local/**/Cache/", "~/AppData/Local/**/Code Cache/", "~/AppData/Local/**/GPUCache/",
			"~/AppData/Local/**/CacheStorage/", "~/AppData/Local/**/cache2/",
			"~/AppData/Roaming/**/Cache/", "~/AppData/Roaming/**/Code Cache/", "~/AppData/Roaming/**/GPUCache/",
			"~/AppData/Local/Microsoft/Windows/INetCache/", "~/AppData/Local/CrashDumps/",
			"~/Library/Application Support/**/Cache/", "~/Library/Application Support/**/Code Cache/",
			"~/Library/Application Support/**/GPUCache/", "~/Library/Application Support/**/CacheStorage/",
			"/var/cache/", "/Library/Caches/",
		},
	},
	{
		Name: "trash", Title: "Trash", Default: true,
		Description: "Deleted files that have not been emptied from the trash yet.",
		Patterns: []string{
			"~/.local/share/Trash/", "~/.Trash/", ".Trash-[0-9]*/", ".Trashes/", "/*/*/.Trash/", "/*/*/*/.Trash/",
			"$RECYCLE.BIN/", "/?:/RECYCLER/",
		},
	},
	{
		Name: "temporary", Title: "Temporary files", Default: true,
		Description: "Files that programs need only while they run.",
		Extensions:  []string{"tmp", "temp", "swp", "swo"},
		Patterns: []string{
			"/tmp/", "/var/tmp/", "/private/tmp/", "/private/var/folders/",
			"~/AppData/Local/Temp/", "/?:/Windows/Temp/",
			"~$*", ".~lock.*#", ".nfs[0-9a-f]*", ".fuse_hidden*", ".goutputstream-*",
			"Thumbs.db", ".DS_Store",
		},
	},
	{
		Name: "downloading", Title: "Downloads in progress", Default: true,
		Description: "Files that a browser or another program is still fetching.",
		Extensions:  []string{"crdownload", "part", "partial", "opdownload", "download", "!ut", "!qb", "aria2"},
	},
	{
		Name: "builds", Title: "Build products",
		Description: "What compilers and package managers make again from sources: node_modules, target, __pycache__ and their like.",
		Extensions:  []string{"pyc", "pyo", "o", "obj", "class"},
		Patterns: []string{
			"node_modules/", "bower_components/", "__pycache__/", ".mypy_cache/", ".pytest_cache/", ".ruff_cache/",
			".tox/", ".nox/", ".venv/", "venv/", "target/", "build/", "dist/", ".gradle/", ".next/", ".nuxt/",
			".parcel-cache/", ".turbo/", ".angular/cache/", "CMakeFiles/", ".ccache/", "DerivedData/",
			"~/.cargo/registry/", "~/.rustup/toolchains/", "~/go/pkg/mod/", "~/.m2/repository/", "~/.nuget/packages/",
		},
	},
	{
		Name: "virtualdisks", Title: "Virtual disks",
		Description: "Disks of virtual machines: large, and changed all over each time the machine runs.",
		Extensions:  []string{"vdi", "vmdk", "vhd", "vhdx", "qcow", "qcow2", "pvm", "hdd", "vmem", "vmwarevm", "utm", "avhdx"},
	},
	{
		Name: "media", Title: "Films and music",
		Description: "Films and music by their extensions; recordings of your own among them.",
		Extensions: []string{
			"mp4", "m4v", "mkv", "avi", "mov", "wmv", "mpg", "mpeg", "webm", "vob", "flv",
			"mp3", "m4a", "m4b", "aac", "flac", "ogg", "oga", "opus", "wma", "wav", "aiff",
		},
	},
}

// Default is the selection of a new computer: the home folder without what the presets
// that are on by default leave out.
func Default(home string) engine.Selection {
	s := engine.Selection{Choices: []engine.Choice{{Path: home, Include: true, NewItems: true}}}
	for _, p := range presets {
		if p.Default {
			s.Exclusions = append(s.Exclusions, engine.Exclusion{Kind: engine.ExcludePreset, Pattern: p.Name})
		}
	}
	return s
}
