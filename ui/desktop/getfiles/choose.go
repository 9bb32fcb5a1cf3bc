package getfiles

import (
	"context"

	"holdfast/engine"
)

// toggle turns the check box of a row.
func (s *Screen) toggle(i int) {
	st := &s.state
	if i < 0 || i >= len(st.Items) {
		return
	}
	item, chosen := st.Items[i], st.chosen()
	cover, covered := chosen.cover(item.Path, !item.Deleted.IsZero())
	switch {
	case !covered:
		chosen.add(st.pickOf(item))
		s.recount()
	case cover.path == clean(item.Path):
		chosen.remove(item.Path)
		s.recount()
	default:
		s.takeOut(item.Path, nil)
	}
}

// chooseFolder chooses a whole folder, or takes it back.
func (s *Screen) chooseFolder(path string) {
	st := &s.state
	p := pick{path: path, name: st.folderName(path), folder: true, at: st.At}
	if cover, ok := st.chosen().cover(path, false); !ok {
		st.chosen().add(p)
		s.recount()
	} else if cover.path == clean(path) {
		st.chosen().remove(path)
		s.recount()
	} else {
		s.takeOut(path, nil)
	}
}

// chooseVersion chooses one version of a file, in place of what was chosen of it.
func (s *Screen) chooseVersion(item engine.Item, v engine.Version) {
	p := s.state.pickOf(item)
	if !v.Current || !s.state.At.IsZero() || p.deleted {
		p.version, p.when = v.ID, v.Captured
	}
	cover, covered := s.state.chosen().cover(item.Path, p.deleted)
	if covered && cover.path != clean(item.Path) {
		s.takeOut(item.Path, &p)
		return
	}
	s.state.chosen().add(p)
	s.recount()
}

// takeOut takes one path out of a chosen folder: everything beside the way to it
// is chosen in the folder's place. That needs the listings of the folders on the
// way. A pick may be put in the place of what was taken out.
func (s *Screen) takeOut(path string, instead *pick) {
	chosen, computer := s.state.chosen(), s.state.Computer
	cover, folders := chosen.levels(path)
	s.desk.join(&s.splits, func(ctx context.Context) func() {
		contents := make([][]engine.Item, len(folders))
		for i, folder := range folders {
			items, err := s.engine.List(ctx, engine.ListRequest{
				Computer: computer, Path: folder, At: cover.at, Deleted: cover.deleted, Hidden: true,
			})
			if err != nil {
				return func() { s.say(err) }
			}
			contents[i] = items
		}
		return func() {
			if now, ok := chosen.cover(path, cover.deleted); !ok || now != cover {
				return // the choice was changed meanwhile
			}
			chosen.split(cover, path, contents)
			if instead != nil {
				chosen.add(*instead)
			}
			s.recount()
		}
	})
}

// clear takes everything back that is chosen on this computer.
func (s *Screen) clear() {
	s.state.Chosen[s.state.Computer] = newPicks()
	s.recount()
}

// recount asks how much is chosen and shows the new choice at once.
func (s *Screen) recount() {
	st := &s.state
	st.Counted, st.CountErr = false, nil
	s.desk.void(&s.amount)
	if st.chosen().len() > 0 {
		request := s.request(engine.ToDownloads)
		s.desk.ask(&s.amount, func(ctx context.Context) func() {
			plan, err := s.engine.PlanGet(ctx, request)
			return func() {
				st.Amount, st.Counted, st.CountErr = plan.Amount, err == nil, err
				s.drawBar()
			}
		})
	}
	s.draw()
}

// request is the question for what is chosen, with the defaults of the dialog.
func (s *Screen) request(to engine.SaveTo) engine.GetRequest {
	return engine.GetRequest{
		Refs: s.state.chosen().refs(s.state.Computer), To: to,
		Exists: engine.ExistingRename, Permissions: engine.PermissionsMine,
	}
}
