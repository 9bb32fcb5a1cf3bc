package institutiontest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"holdfast/engine/server/tooltest"
)

// Computer is one with a user and the holdfast command.
type Computer struct {
	User  string // home folder
	State string // Holdfast's own folder
	i     *Institution
	t     testing.TB
}

// Computer is a new one, which is not signed in.
func (i *Institution) Computer(name string) *Computer {
	i.t.Helper()
	c := &Computer{filepath.Join(i.Home, name, "user"), filepath.Join(i.Home, name, "state"), i, i.t}
	if err := os.MkdirAll(c.User, 0o700); err != nil {
		i.t.Fatal(err)
	}
	return c
}

// Member is a computer on which Ann, who is invited and accepts, is signed in.
func (i *Institution) Member() *Computer {
	i.t.Helper()
	i.Accept(i.Invite())
	c := i.Computer("laptop")
	c.SignIn("sign-in", i.Origin, "--name", "laptop")
	return c
}

// Cmd is a call of the command, which is ended after ten minutes.
func (c *Computer) Cmd(args ...string) *exec.Cmd {
	c.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Minute)
	c.t.Cleanup(stop)
	return c.CmdContext(ctx, args...)
}

// CmdContext is one that lasts as long as the context.
func (c *Computer) CmdContext(ctx context.Context, args ...string) *exec.Cmd {
	c.t.Helper()
	cmd := exec.CommandContext(ctx, tooltest.Path(c.t, tooltest.Command), args...)
	cmd.Env = append(os.Environ(), "HOME="+c.User, "HOLDFAST_HOME="+c.State, "XDG_CONFIG_HOME=", "DBUS_SESSION_BUS_ADDRESS=disabled:", "BROWSER=/bin/true")
	return cmd
}

// Run makes a call that has to go well, and gives what it printed.
func (c *Computer) Run(args ...string) string {
	c.t.Helper()
	out, err := c.Cmd(args...).Output()
	if err != nil {
		c.t.Fatalf("holdfast %s: %v\n%s%s", strings.Join(args, " "), err, out, complaint(err))
	}
	return string(out)
}

// SignIn makes a call that signs in to the server, whose fingerprint was compared.
func (c *Computer) SignIn(args ...string) string {
	c.t.Helper()
	return c.WithBrowser(append(args, "--fingerprint", c.i.Fingerprint())...)
}

var page = regexp.MustCompile(`(https://\S+/oauth/authorize\S*)\s`) // a whole one

// WithBrowser makes a call that wants a page opened, on which Ann says yes.
func (c *Computer) WithBrowser(args ...string) string {
	c.t.Helper()
	call := c.Begin(args...)
	c.i.Connect(c.Wanted(call))
	if err := call.Wait(); err != nil {
		c.t.Fatalf("holdfast %s: %v\n%s", call.what, err, call.Said.Tail())
	}
	return call.Out.Text()
}

// Wanted waits for the page that a call wants opened.
func (c *Computer) Wanted(call *Call) string {
	c.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		ended := call.hasEnded()
		if found := page.FindStringSubmatch(call.Said.Text()); found != nil {
			return found[1]
		}
		if ended || time.Now().After(deadline) {
			c.t.Fatalf("holdfast %s wants no page opened: %s", call.what, call.Said.Tail())
		}
	}
}

// Call is one that runs.
type Call struct {
	Out, Said *Lines // on standard output, and beside it
	Ended     <-chan struct{}
	err       error // when it has ended
	what      string
}

// Begin makes a call that runs beside the test.
func (c *Computer) Begin(args ...string) *Call {
	c.t.Helper()
	cmd, ended := c.Cmd(args...), make(chan struct{})
	call := &Call{Out: new(Lines), Said: new(Lines), Ended: ended, what: strings.Join(args, " ")}
	cmd.Stdout, cmd.Stderr = call.Out, call.Said
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	go func() {
		defer close(ended)
		call.err = cmd.Wait()
	}()
	return call
}

func (c *Call) hasEnded() bool {
	select {
	case <-c.Ended:
		return true
	default:
		return false
	}
}

// Wait returns when the call has ended, with the error that it ended with.
func (c *Call) Wait() error {
	<-c.Ended
	return c.err
}
