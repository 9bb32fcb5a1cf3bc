package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"holdfast/engine"
	"holdfast/engine/agent"
	"holdfast/engine/control"
)

type setupCommand struct {
	Destination    string `arg:"" help:"A folder."`
	Name           string `help:"Name of this computer." placeholder:"NAME"`
	SecretFile     string `help:"File with the password or recovery code of a destination that exists." placeholder:"FILE"`
	PassphraseFile string `help:"File with a passphrase of your own for a new destination." placeholder:"FILE"`
}

func (c *setupCommand) Run(s *session) error {
	if err := s.open(false); err != nil {
		return err
	}
	q := engine.ConnectRequest{Address: c.Destination, Computer: c.Name}
	for file, into := range map[string]*string{c.SecretFile: &q.Secret, c.PassphraseFile: &q.Passphrase} {
		if file == "" {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		*into = strings.TrimRight(string(data), "\r\n")
	}
	out, err := s.engine.Connect(s.ctx, q)
	if err != nil {
		return err
	}
	if s.JSON {
		s.print(out)
		return nil
	}
	if !out.Made {
		s.say("The backup in %s is connected.", shown(c.Destination))
		return nil
	}
	s.say("A new backup was made in %s.\n\nRecovery code: %s\n", shown(c.Destination), out.RecoveryCode)
	s.say("Print it or write it down; it is shown this once. It opens the backup when this\ncomputer is lost, in Holdfast and in restic alike.")
	if out.KeyNote != "" {
		s.say("\n%s", out.KeyNote)
	}
	return nil
}

type signOutCommand struct{}

func (c *signOutCommand) Run(s *session) error {
	if err := s.open(false); err != nil {
		return err
	}
	out, err := s.engine.Disconnect(s.ctx)
	if err != nil {
		return err
	}
	told := struct {
		Connected bool   `json:"connected"`
		Note      string `json:"note,omitempty"`
	}{Note: out.Note}
	s.did(told, "%s", strings.TrimSpace("This computer forgot the destination. What is stored there stays. "+out.Note))
	return nil
}

type backupCommand struct {
	Paths []string `arg:"" optional:"" help:"Files and folders; none: the selection."`
}

func (c *backupCommand) Run(s *session) error {
	paths, err := absolute(c.Paths)
	if err != nil {
		return err
	}
	if err := s.open(false); err != nil {
		return err
	}
	stop := s.progress(func() string {
		status, err := s.engine.Status(s.ctx)
		if err != nil {
			return err.Error()
		}
		return captureLine(status.Progress)
	})
	result, err := s.engine.BackUp(s.ctx, paths)
	stop()
	if err != nil {
		return err
	}
	s.skipped = len(result.Skipped) > 0
	if s.JSON {
		s.print(result)
		return nil
	}
	for _, p := range result.Skipped {
		fmt.Fprintf(os.Stderr, "skipped %s: %s\n", shown(p.Path), safe(p.Reason))
	}
	s.say("%d new, %d changed, %d deleted, %d unchanged; read %s, stored %s",
		result.New, result.Changed, result.Deleted, result.Unchanged, size(result.Read), size(result.Stored))
	if result.Snapshot != "" {
		s.say("version %s", result.Snapshot[:8])
	}
	return nil
}

type statusCommand struct{}

func (c *statusCommand) Run(s *session) error {
	if err := s.open(false); err != nil {
		return err
	}
	status, err := s.engine.Status(s.ctx)
	if err != nil {
		return err
	}
	if s.JSON {
		s.print(status)
		return nil
	}
	s.say("%s: %s", status.State, safe(status.Reason))
	if status.State == engine.StateSetup {
		return nil
	}
	rows := [][]string{
		{"Computer", shown(status.Computer.Name)},
		{"Kept in", shown(status.Destination.Address)},
		{"Protected", fmt.Sprintf("%d files, %s", status.Protected.Files, size(status.Protected.Bytes))},
		{"Last backup", when(status.LastBackup)},
		{"Last proven restorable", when(status.Proven.Time)},
	}
	if status.Problems > 0 {
		rows = append(rows, []string{"Not protected", fmt.Sprintf("%d files or folders", status.Problems)})
	}
	if d := status.Due; d.Versions > 0 {
		rows = append(rows, []string{"Old versions", fmt.Sprintf("%d need not stay; free the space with: holdfast maintain", d.Versions)})
	}
	if d := status.Due; d.Removals > 0 {
		rows = append(rows, []string{"Removed", fmt.Sprintf("%d paths whose 30 days are over; delete them with: holdfast maintain", d.Removals)})
	}
	if status.Progress.Active {
		rows = append(rows, []string{"Now", captureLine(status.Progress)})
	}
	table(rows)
	return nil
}

type pauseCommand struct {
	For string `arg:"" optional:"" help:"How long, as in 1h or 30m, or 'tomorrow'; nothing: until resumed."`
}

func (c *pauseCommand) Run(s *session) error {
	until, err := pauseUntil(c.For, time.Now())
	if err != nil {
		return err
	}
	if err := s.open(false); err != nil {
		return err
	}
	if err := s.engine.Pause(s.ctx, until); err != nil {
		return err
	}
	told := map[string]any{"paused": true, "until": nil}
	if until.IsZero() {
		s.did(told, "Paused until you resume.")
		return nil
	}
	told["until"] = until
	s.did(told, "Paused until %s.", when(until))
	return nil
}

// pauseUntil reads the length of a pause.
func pauseUntil(text string, now time.Time) (time.Time, error) {
	switch text {
	case "":
		return time.Time{}, nil
	case "tomorrow":
		y, m, d := now.Date()
		return time.Date(y, m, d+1, 0, 0, 0, 0, now.Location()), nil
	}
	length, err := time.ParseDuration(text)
	if err != nil || length <= 0 {
		return time.Time{}, &engine.Error{Op: "pause", Kind: engine.KindInvalid,
			Message: fmt.Sprintf("%q is not a length of time. Use one as in 1h or 30m, or 'tomorrow'.", text)}
	}
	return now.Add(length), nil
}

type resumeCommand struct{}

func (c *resumeCommand) Run(s *session) error {
	if err := s.open(false); err != nil {
		return err
	}
	if err := s.engine.Resume(s.ctx); err != nil {
		return err
	}
	s.did(map[string]bool{"paused": false}, "Resumed.")
	return nil
}

type agentCommand struct{}

// Run runs the engine until it is told to end, and lets windows and commands attach.
func (c *agentCommand) Run(s *session) error {
	if err := s.open(true); s.ctx.Err() != nil {
		return nil // told to end while it waited
	} else if err != nil {
		return err
	}
	path := agent.SocketPath(s.local.Home)
	listener, err := control.Listen(path)
	if err != nil {
		return err
	}
	s.did(map[string]string{"socket": path}, "Holdfast runs in the background; its socket is %s.", filepath.Clean(path))
	err = control.Serve(s.ctx, listener, s.local)
	if s.ctx.Err() != nil {
		return nil
	}
	return err
}
