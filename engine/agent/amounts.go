package agent

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"holdfast/engine"
	"holdfast/engine/selection"
	"holdfast/engine/source"
)

// FolderSize implements engine.Select.
func (a *Agent) FolderSize(ctx context.Context, path string) (engine.Amount, error) {
	ctx, end, err := a.begin(ctx, "select")
	if err != nil {
		return engine.Amount{}, err
	}
	defer end()
	var sum engine.Amount
	err = a.walk(ctx, path, func(e source.Entry, full string) bool {
		if e.Kind == source.KindFile {
			sum.Files++
			sum.Bytes += e.Size
		}
		return true
	})
	return sum, err
}

// walk visits everything below a folder, not into other file systems' pseudo
// folders that the rules leave out; fn says whether to go into a folder.
func (a *Agent) walk(ctx context.Context, path string, fn func(source.Entry, string) bool) error {
	dir, err := a.FS.OpenDir(path)
	if err != nil {
		return unreadable(path, err)
	}
	return walkDir(ctx, dir, path, fn)
}

func walkDir(ctx context.Context, dir source.Dir, path string, fn func(source.Entry, string) bool) error {
	defer dir.Close()
	entries, err := dir.Read(ctx)
	if err != nil {
		return ctx.Err() // a folder that cannot be listed counts as nothing
	}
	for _, e := range entries {
		full := filepath.Join(path, e.Name)
		if !fn(e, full) || !e.IsDir() {
			continue
		}
		sub, err := dir.Dir(e.Name)
		if err != nil {
			continue
		}
		if err := walkDir(ctx, sub, full, fn); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Estimate implements engine.Select.
func (a *Agent) Estimate(ctx context.Context, draft engine.Selection) (engine.Estimate, error) {
	ctx, end, err := a.begin(ctx, "select")
	if err != nil {
		return engine.Estimate{}, err
	}
	defer end()
	rules, err := a.compile(draft)
	if err != nil {
		return engine.Estimate{}, err
	}
	var out engine.Estimate
	for _, root := range rules.Roots() {
		state, decision := rules.Walker(root)
		if err := a.estimate(ctx, root, state, decision, &out); err != nil {
			return out, err
		}
	}
	out.Complete = true
	return out, nil
}

// estimate adds what is selected below a folder.
func (a *Agent) estimate(ctx context.Context, path string, state selection.State, d selection.Decision, out *engine.Estimate) error {
	if err := ctx.Err(); err != nil || !d.Included && !d.Descend {
		return err
	}
	dir, err := a.FS.OpenDir(path)
	if errors.Is(err, source.ErrNotDir) {
		if info, err := os.Lstat(path); err == nil && d.Included {
			out.Selected.Files++
			out.Selected.Bytes += info.Size()
		}
		return nil
	}
	if err != nil {
		return nil
	}
	defer dir.Close()
	return a.estimateDir(ctx, dir, path, state, out)
}

func (a *Agent) estimateDir(ctx context.Context, dir source.Dir, path string, state selection.State, out *engine.Estimate) error {
	entries, err := dir.Read(ctx)
	if err != nil {
		return ctx.Err()
	}
	stored := a.storedChildren(ctx, path)
	for _, e := range entries {
		sub, d := state.Child(e.Name, e.IsDir())
		if e.IsDir() {
			if !d.Included && !d.Descend {
				continue
			}
			below, err := dir.Dir(e.Name)
			if err != nil {
				continue
			}
			err = a.estimateDir(ctx, below, filepath.Join(path, e.Name), sub, out)
			below.Close()
			if err != nil {
				return err
			}
			continue
		}
		if !d.Included {
			continue
		}
		out.Selected.Files++
		out.Selected.Bytes += e.Size
		if old, ok := stored[e.Name]; !ok || old.ModTime != e.ModTime || old.Size != e.Size {
			out.NotStored.Files++
			out.NotStored.Bytes += e.Size
		}
	}
	return ctx.Err()
}

// PreviewExclusion implements engine.Select.
func (a *Agent) PreviewExclusion(ctx context.Context, draft engine.Selection, x engine.Exclusion) (engine.ExclusionPreview, error) {
	ctx, end, err := a.begin(ctx, "preview")
	if err != nil {
		return engine.ExclusionPreview{}, err
	}
	defer end()
	const examples = 100
	var p engine.ExclusionPreview
	if err := selection.Validate(x); err != nil {
		return p, invalid("preview", x.Pattern, sentence(err)+" Nothing was changed. Correct it, or take it away.")
	}
	with := draft
	with.Exclusions = []engine.Exclusion{{Kind: x.Kind, Pattern: x.Pattern}}
	rules, err := a.compile(with)
	if err != nil {
		return p, err
	}
	for _, root := range rules.Roots() {
		err := a.walk(ctx, root, func(e source.Entry, full string) bool {
			d := rules.Decide(full, e.IsDir())
			if d.Exclusion == nil {
				return true
			}
			if len(p.Examples) < examples {
				p.Examples = append(p.Examples, full)
			}
			if !e.IsDir() {
				p.Matched.Files++
				p.Matched.Bytes += e.Size
				return true
			}
			// What of it cannot be listed counts as nothing; the end of ctx is
			// seen below.
			inside, _ := a.FolderSize(ctx, full)
			p.Matched.Files += inside.Files
			p.Matched.Bytes += inside.Bytes
			return false
		})
		if ctx.Err() != nil {
			return p, explain("preview", "", ctx.Err())
		}
		if err != nil {
			a.Log.Debug("a chosen folder could not be looked into", "path", root, "error", err)
		}
	}
	p.Complete = true
	return p, nil
}
