package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"holdfast/engine"
)

type checkCommand struct {
	fresh
	Data dataFlag `help:"Read stored data too: all of it, or this share, as in --data=10%." placeholder:"PERCENT" optional:""`
}

// dataFlag is --data or --data=PERCENT.
type dataFlag float64

// IsBool lets --data stand alone.
func (d *dataFlag) IsBool() bool { return true }

// Decode reads the share, all of it when none is given.
func (d *dataFlag) Decode(ctx *kong.DecodeContext) error {
	*d = 100
	if ctx.Scan.Peek().Type != kong.FlagValueToken {
		return nil
	}
	text := fmt.Sprint(ctx.Scan.Pop().Value)
	percent, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
	if err != nil || percent < 0 || percent > 100 {
		return fmt.Errorf("%q is not a share between 0 and 100 percent", text)
	}
	*d = dataFlag(percent)
	return nil
}

func (c *checkCommand) Run(s *session) error {
	if err := s.open(false); err != nil {
		return err
	}
	var result engine.CheckResult
	err := c.afresh(s, func() (err error) {
		result, err = s.engine.Check(s.ctx, float64(c.Data))
		return err
	})
	if err != nil {
		return err
	}
	if s.JSON {
		s.print(result)
	}
	for _, e := range result.Errors {
		fmt.Fprintln(os.Stderr, safe(e))
	}
	for _, p := range result.Damaged {
		fmt.Fprintf(os.Stderr, "affected: %s\n", shown(p))
	}
	if len(result.Errors) > 0 {
		return &engine.Error{Op: "check", Kind: engine.KindDamaged,
			Message: fmt.Sprintf("%d faults were found; %d parts were stored again from this computer.", len(result.Errors), result.Healed)}
	}
	s.say("Nothing wrong: %d blobs in %d packs, %s of data read.", result.Blobs, result.Packs, size(result.Read))
	return nil
}

type drillCommand struct{}

func (c *drillCommand) Run(s *session) error {
	if err := s.open(false); err != nil {
		return err
	}
	proof, err := s.engine.Drill(s.ctx)
	if err != nil {
		return err
	}
	if s.JSON {
		s.print(proof)
	}
	for _, f := range proof.Failed {
		fmt.Fprintln(os.Stderr, safe(f))
	}
	if len(proof.Failed) > 0 {
		return &engine.Error{Op: "drill", Kind: engine.KindDamaged, Message: "The test restore failed. Run holdfast check --data to find out more."}
	}
	s.say("Proven restorable: %d files, %s, in %s.", proof.Amount.Files, size(proof.Amount.Bytes), proof.Took.Round(1e6))
	return nil
}

type maintainCommand struct{ fresh }

func (c *maintainCommand) Run(s *session) error {
	if err := s.open(false); err != nil {
		return err
	}
	var result engine.MaintainResult
	err := c.afresh(s, func() (err error) {
		result, err = s.engine.Maintain(s.ctx)
		return err
	})
	if err != nil {
		return err
	}
	if s.JSON {
		s.print(result)
		return nil
	}
	s.say("%d backups thinned away, %s freed, %d packs put together.", result.Forgotten, size(result.Freed), result.Packs)
	return nil
}

type keyCommand struct {
	List       keyListCommand       `cmd:"" default:"1" help:"List the keys."`
	Recovery   keyRecoveryCommand   `cmd:"" help:"Make a new recovery code in place of the old one."`
	Passphrase keyPassphraseCommand `cmd:"" help:"Set, change or remove the passphrase."`
	Revoke     keyRevokeCommand     `cmd:"" help:"Revoke a key."`
}

type keyListCommand struct{}

func (c *keyListCommand) Run(s *session) error {
	if err := s.open(false); err != nil {
		return err
	}
	keys, err := s.engine.KeyList(s.ctx)
	if err != nil {
		return err
	}
	if s.JSON {
		s.print(keys)
		return nil
	}
	rows := [][]string{{"KEY", "KIND", "COMPUTER", "MADE", ""}}
	for _, k := range keys {
		now := ""
		if k.Current {
			now = "in use"
		}
		rows = append(rows, []string{k.ID[:8], string(k.Kind), shown(k.Computer), when(k.Created), now})
	}
	table(rows)
	return nil
}

type keyRecoveryCommand struct{ fresh }

func (c *keyRecoveryCommand) Run(s *session) error {
	if err := s.open(false); err != nil {
		return err
	}
	var code string
	err := c.afresh(s, func() (err error) {
		code, err = s.engine.NewRecoveryCode(s.ctx)
		return err
	})
	if err != nil {
		return err
	}
	if s.JSON {
		s.print(map[string]string{"recovery_code": code})
		return nil
	}
	s.say("Recovery code: %s\n\nPrint it or write it down; it is shown this once. The old one opens nothing any more.", code)
	return nil
}

type keyPassphraseCommand struct {
	fresh
	File   string `help:"File with the new passphrase." placeholder:"FILE" xor:"how" required:""`
	Remove bool   `help:"Take the passphrase away." xor:"how" required:""`
}

func (c *keyPassphraseCommand) Run(s *session) error {
	passphrase := ""
	if !c.Remove {
		data, err := os.ReadFile(c.File)
		if err != nil {
			return err
		}
		passphrase = strings.TrimRight(string(data), "\r\n")
	}
	if err := s.open(false); err != nil {
		return err
	}
	if err := c.afresh(s, func() error { return s.engine.SetPassphrase(s.ctx, passphrase) }); err != nil {
		return err
	}
	if c.Remove {
		s.did(map[string]bool{"passphrase": false}, "The passphrase was taken away.")
		return nil
	}
	s.did(map[string]bool{"passphrase": true}, "The passphrase was changed.")
	return nil
}

type keyRevokeCommand struct {
	fresh
	Key string `arg:"" help:"The beginning of a key's id, from key list."`
}

func (c *keyRevokeCommand) Run(s *session) error {
	if err := s.open(false); err != nil {
		return err
	}
	if err := c.afresh(s, func() error { return s.engine.RevokeKey(s.ctx, c.Key) }); err != nil {
		return err
	}
	s.did(map[string]string{"revoked": c.Key}, "The key was revoked.")
	return nil
}
