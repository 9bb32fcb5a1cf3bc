// Command holdfast-server is what an institution runs so that its people sign in with
// their own account, back up to it and get their files on any of their computers.
//
// "serve" on an empty folder is complete: SQLite, files on disk, a certificate of its
// own, and a one-time link for the owner on standard output. With --database
// postgres://… and --storage s3://… the same program keeps no state of its own, and
// several of them serve one institution. The other commands work on the same database
// and storage, also while it serves.
//
// Every setting can be given as a flag, in the environment (HOLDFAST_SERVER_…) or in a
// TOML file (--config), in this order of precedence; secrets only there or in files, never
// as arguments. What one call of a command is about (a name, a role) is no setting.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"holdfast/engine/server/api"
)

// version is set by the build.
var version = "dev"

// commands is the whole command line.
type commands struct {
	Config string `help:"TOML file with settings; its keys are the names of the flags." type:"path" placeholder:"FILE"`
	JSON   bool   `help:"Print the result as JSON."`

	Serve   serveCommand   `cmd:"" help:"Serve people and their computers."`
	Request requestCommand `cmd:"" help:"Requests for access."`
	User    userCommand    `cmd:"" help:"People."`
	Device  deviceCommand  `cmd:"" help:"Computers."`
	Removal removalCommand `cmd:"" help:"Removals of old versions from accounts."`
	Check   checkCommand   `cmd:"" help:"Find stored files of which the database knows nothing, left by an upload that was cut short or by a database that was set back."`
	Secrets secretsCommand `cmd:"" help:"The key of people's authenticator apps."`
	Audit   auditCommand   `cmd:"" help:"What was done by whom, and whether that record is whole."`
	Version versionCommand `cmd:"" help:"Print the version of the program."`
}

type versionCommand struct{}

func (c *versionCommand) Run(s *output) error {
	return s.did(map[string]string{"version": version}, "holdfast-server %s", version)
}

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	var c commands
	parser, err := kong.New(&c, kong.Name("holdfast-server"),
		kong.Description("Accounts, sign-in, keys and storage for the people of an institution."),
		kong.DefaultEnvars("HOLDFAST_SERVER"),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Resolvers(new(tomlFile)))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	call, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%v.\n", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s := &output{ctx: ctx, json: c.JSON}
	if err := call.Run(s); err != nil {
		fmt.Fprintln(os.Stderr, api.Sentence(err))
		if s.json {
			_ = s.did(map[string]string{"error": api.Sentence(err)}, "")
		}
		return 1
	}
	return 0
}

// output is one call of the command: how it prints.
type output struct {
	ctx  context.Context
	json bool
}

// did prints a result: as a sentence, or as JSON.
func (s *output) did(v any, format string, args ...any) error {
	if !s.json {
		_, err := fmt.Printf(format+"\n", args...)
		return err
	}
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// rows prints a table, or what it is of as JSON.
func (s *output) rows(of []any, head []string, rows [][]string) error {
	if s.json {
		return s.did(of, "")
	}
	return table(append([][]string{head}, rows...))
}

// shown is a list in JSON; one without anything is [].
func shown[T any](list []T, show func(T) any) []any {
	out := make([]any, 0, len(list))
	for _, v := range list {
		out = append(out, show(v))
	}
	return out
}

// plain makes what people typed safe for a terminal.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '?'
		}
		return r
	}, text)
}
