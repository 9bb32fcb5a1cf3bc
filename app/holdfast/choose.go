package main

import (
	"fmt"
	"strings"

	"holdfast/engine"
)

type selectCommand struct {
	Action string   `arg:"" optional:"" enum:"add,drop,exclude,include,why,show" default:"show" help:"add, drop: take a path in or leave it out. exclude, include: add or take away an exclusion. why: the rule that decides."`
	Paths  []string `arg:"" optional:"" help:"Paths; for exclude and include: wildcards as in *.iso, extensions as in .iso, or preset names."`
}

func (c *selectCommand) Run(s *session) error {
	if err := s.open(false); err != nil {
		return err
	}
	selection, err := s.engine.Selection(s.ctx)
	if err != nil {
		return err
	}
	if c.Action != "show" && len(c.Paths) == 0 {
		return &engine.Error{Op: "select", Kind: engine.KindInvalid, Message: "Give at least one path or pattern."}
	}
	switch c.Action {
	case "why":
		return c.why(s, selection)
	case "exclude", "include":
		c.exclusions(&selection)
	case "add", "drop":
		paths, err := absolute(c.Paths)
		if err != nil {
			return err
		}
		for _, p := range paths {
			selection.Choices = choose(selection.Choices, p, c.Action == "add")
		}
	}
	if c.Action != "show" {
		if err := s.engine.SaveSelection(s.ctx, selection); err != nil {
			return err
		}
	}
	return c.show(s, selection)
}

// choose makes a choice on a path, and drops those below it.
func choose(choices []engine.Choice, path string, include bool) []engine.Choice {
	kept := make([]engine.Choice, 0, len(choices)+1)
	for _, c := range choices {
		if c.Path != path && !strings.HasPrefix(c.Path, strings.TrimSuffix(path, "/")+"/") {
			kept = append(kept, c)
		}
	}
	return append(kept, engine.Choice{Path: path, Include: include, NewItems: include})
}

func (c *selectCommand) exclusions(selection *engine.Selection) {
	for _, pattern := range c.Paths {
		x := exclusionOf(pattern)
		kept := selection.Exclusions[:0:0]
		for _, old := range selection.Exclusions {
			if old.Kind != x.Kind || old.Pattern != x.Pattern {
				kept = append(kept, old)
			}
		}
		if c.Action == "exclude" {
			kept = append(kept, x)
		}
		selection.Exclusions = kept
	}
}

// exclusionOf tells what sort of exclusion was typed.
func exclusionOf(pattern string) engine.Exclusion {
	kind := engine.ExcludeWildcard
	switch {
	case strings.HasPrefix(pattern, "preset:"):
		kind, pattern = engine.ExcludePreset, strings.TrimPrefix(pattern, "preset:")
	case strings.HasPrefix(pattern, "re:"):
		kind, pattern = engine.ExcludeRegexp, strings.TrimPrefix(pattern, "re:")
	case strings.HasPrefix(pattern, ".") && !strings.ContainsAny(pattern, "*?[/"):
		kind, pattern = engine.ExcludeExtension, pattern[1:]
	}
	return engine.Exclusion{Kind: kind, Pattern: pattern}
}

func (c *selectCommand) show(s *session, selection engine.Selection) error {
	if s.JSON {
		s.print(selection)
		return nil
	}
	for _, choice := range selection.Choices {
		mark := "-"
		if choice.Include {
			mark = "+"
		}
		s.say("%s %s", mark, shown(choice.Path))
	}
	for _, x := range selection.Exclusions {
		off := ""
		if x.Off {
			off = " (off)"
		}
		s.say("exclude %s %s%s", x.Kind, shown(x.Pattern), off)
	}
	return nil
}

func (c *selectCommand) why(s *session, selection engine.Selection) error {
	paths, err := absolute(c.Paths)
	if err != nil {
		return err
	}
	reasons := map[string]engine.Reason{}
	for _, p := range paths {
		reason, err := s.engine.Why(s.ctx, selection, p)
		if err != nil {
			return err
		}
		reasons[p] = reason
		word := "not backed up"
		if reason.Included {
			word = "backed up"
		}
		s.say("%s: %s. %s", shown(p), word, safe(reason.Rule))
	}
	if s.JSON {
		s.print(reasons)
	}
	return nil
}

type computersCommand struct{}

func (c *computersCommand) Run(s *session) error {
	if err := s.open(false); err != nil {
		return err
	}
	computers, err := s.engine.Computers(s.ctx)
	if err != nil {
		return err
	}
	if s.JSON {
		s.print(computers)
		return nil
	}
	rows := [][]string{{"NAME", "LAST BACKUP", "FILES", "SIZE", ""}}
	for _, computer := range computers {
		this := ""
		if computer.This {
			this = "this computer"
		}
		rows = append(rows, []string{shown(computer.Name), when(computer.LastBackup), fmt.Sprint(computer.Stored.Files), size(computer.Stored.Bytes), this})
	}
	table(rows)
	return nil
}
