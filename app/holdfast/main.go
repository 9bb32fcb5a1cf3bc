// Command holdfast is the backup engine for terminals, scripts and servers without
// a screen. It does everything that the window does.
//
// A call works on the state folder itself, or, when a window or an agent works on
// it already, asks that one through its socket. Every subcommand has --json. Exit
// codes: 0 done, 1 failed, 2 wrong use, 3 done but some files were skipped, which
// are listed.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"holdfast/engine"
	"holdfast/engine/agent"
	"holdfast/engine/control"
)

const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitSkipped = 3
)

// version is set by the build.
var version = "dev"

// globals are the flags that every subcommand has.
type globals struct {
	JSON         bool   `help:"Print the result as JSON."`
	Quiet        bool   `short:"q" help:"No progress line."`
	PasswordFile string `placeholder:"FILE" help:"Open the destination with the password in this file (or in HOLDFAST_PASSWORD) instead of the keychain."`
}

// commands is the whole command line.
type commands struct {
	globals

	Setup     setupCommand     `cmd:"" help:"Make or open a destination; prints the recovery code once."`
	Backup    backupCommand    `cmd:"" help:"Capture now: the selection, or these paths."`
	Status    statusCommand    `cmd:"" help:"What is protected, and what is happening."`
	Pause     pauseCommand     `cmd:"" help:"Stop capturing for a while, or until resumed."`
	Resume    resumeCommand    `cmd:"" help:"Go on capturing."`
	Select    selectCommand    `cmd:"" help:"Show or change what is backed up."`
	Ls        lsCommand        `cmd:"" help:"List a folder of the backup."`
	Find      findCommand      `cmd:"" help:"Search all names, at all times."`
	Versions  versionsCommand  `cmd:"" help:"List the versions of a file."`
	Get       getCommand       `cmd:"" help:"Get files or folders back."`
	Check     checkCommand     `cmd:"" help:"Check the destination, with --data all of it or a share."`
	Drill     drillCommand     `cmd:"" help:"Prove that files can be restored."`
	Maintain  maintainCommand  `cmd:"" help:"Thin old versions by the settings and free space."`
	Key       keyCommand       `cmd:"" help:"The keys that open the destination."`
	Agent     agentCommand     `cmd:"" help:"Run in the background: capture by schedule and events."`
	Computers computersCommand `cmd:"" help:"List the computers of the destination."`
	SignIn    signInCommand    `cmd:"" help:"Sign in to an institution's server and back up there."`
	Replace   replaceCommand   `cmd:"" help:"Take the place of another computer of the account: its seat, settings and history."`
	SignOut   signOutCommand   `cmd:"" help:"Forget the destination on this computer; what is stored stays."`
	Version   versionCommand   `cmd:"" help:"Print the version of the program."`
}

type versionCommand struct{}

func (c *versionCommand) Run(s *session) error {
	s.did(map[string]string{"version": version}, "holdfast %s", version)
	return nil
}

func main() {
	// The work is in buffers that are used again; a small heap between them keeps
	// the whole program well under 200 MB.
	debug.SetGCPercent(50)
	debug.SetMemoryLimit(155 << 20)
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	var c commands
	parser, err := kong.New(&c, kong.Name("holdfast"),
		kong.Description("Keeps files safe and gives any version of them back."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitUsage
	}
	call, err := parser.Parse(args)
	if err != nil {
		return misused(parser, err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s := &session{ctx: ctx, globals: &c.globals, called: strings.Fields(call.Command())[0]}
	defer s.close()
	err = call.Run(s)
	return s.exit(err)
}

// misused says what is wrong with a command line, and how the subcommand is used.
func misused(parser *kong.Kong, err error) int {
	fmt.Fprintf(os.Stderr, "%s.\n", safe(err.Error()))
	if wrong, ok := errors.AsType[*kong.ParseError](err); ok {
		parser.Stdout = os.Stderr
		if err := wrong.Context.PrintUsage(true); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	return exitUsage
}

// session is one call of the command: the engine it talks to and how it prints.
type session struct {
	*globals
	ctx     context.Context
	called  string // the subcommand
	engine  engine.Engine
	local   *agent.Agent // nil when the engine runs elsewhere
	remote  interface{ Close() error }
	skipped bool
	printed bool // the one JSON document of a call
}

// open reaches the engine: in this process, or the one that runs.
func (s *session) open(background bool) error {
	home, err := agent.DefaultHome()
	if err != nil {
		return err
	}
	password, err := s.password()
	if err != nil {
		return err
	}
	var client *control.Client
	var other error // an engine of another version runs, which does not end by itself
	wait := agent.Wait{Answers: func() bool {
		found, err := control.Dial(agent.SocketPath(home))
		if client = found; errors.Is(err, control.ErrVersion) {
			other = err
		}
		return err == nil || other != nil
	}}
	if background {
		wait.Begun = waits
	} else {
		wait.AtMost = patience
	}
	a, err := agent.OpenWhenFree(s.ctx, agent.Options{Home: home, Name: "holdfast " + s.called, Password: password, Background: background}, wait)
	switch {
	case err == nil:
		s.engine, s.local = a, a
	case other != nil && errors.Is(err, agent.ErrRunning):
		return anotherVersion(home, other)
	case client == nil && errors.Is(err, agent.ErrRunning):
		return busy(home, err)
	case client == nil:
		return err
	case background:
		client.Close()
		return err
	default:
		s.engine, s.remote = client, client
	}
	return nil
}

// patience is how long a command waits for another one to be done, or for an agent
// that is about to answer.
const patience = 3 * time.Second

// waits says that the agent waits for a command.
func waits(h agent.Holder) {
	fmt.Fprintf(os.Stderr, "%s works on the same state folder. Holdfast waits until it is done, and goes on by itself.\n", h)
}

func busy(home string, err error) error {
	return &engine.Error{Op: "start", Kind: engine.KindBusy, Path: home, Err: err,
		Message: fmt.Sprintf("%s works on %s and does not answer. Nothing was changed. Wait until it is done, then try again; while the window or holdfast agent runs, commands go side by side.", agent.HolderOf(home), home)}
}

func anotherVersion(home string, err error) error {
	return &engine.Error{Op: "start", Kind: engine.KindBusy, Path: home, Err: err,
		Message: fmt.Sprintf("%s works on %s and is of another version than this command. Nothing was changed. End it and start it again, then try again.", agent.HolderOf(home), home)}
}

// password is from the file or the environment; "" leaves it to the keychain.
func (s *session) password() (string, error) {
	if s.PasswordFile == "" {
		return os.Getenv("HOLDFAST_PASSWORD"), nil
	}
	data, err := os.ReadFile(s.PasswordFile)
	if err != nil {
		return "", &engine.Error{Op: "read password", Kind: engine.KindInvalid, Path: s.PasswordFile, Err: err,
			Message: fmt.Sprintf("The password file %s cannot be read. Nothing was changed. Check the path and its permissions.", s.PasswordFile)}
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}

func (s *session) close() {
	if s.local != nil {
		s.local.Close()
	}
	if s.remote != nil {
		s.remote.Close()
	}
}

// exit prints an error and gives the exit code.
func (s *session) exit(err error) int {
	switch {
	case err == nil && s.skipped:
		return exitSkipped
	case err == nil:
		return exitDone
	}
	if s.JSON && !s.printed {
		s.print(struct {
			Error string      `json:"error"`
			Kind  engine.Kind `json:"kind"`
		}{err.Error(), engine.KindOf(err)})
	} else {
		fmt.Fprintln(os.Stderr, safe(err.Error()))
	}
	if engine.KindOf(err) == engine.KindInvalid {
		return exitUsage
	}
	return exitFailed
}

func absolute(paths []string) ([]string, error) {
	out := make([]string, 0, len(paths))
	for _, p := range paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, err
		}
		out = append(out, abs)
	}
	return out, nil
}
