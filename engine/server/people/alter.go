package people

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"holdfast/engine/server/database"
)

// Change is what is to become of a person; what is nil stays.
type Change struct {
	Email *string
	Name  *string
	Role  *Role
	Seats *int   // computers beyond it stay, and no other gets one
	Quota *int64 // bytes, 0: no limit; what is stored beyond it stays, and nothing is added
}

// Change makes all of a change or nothing of it, and returns the person before and
// after. The e-mail address of one who is invited does not change: the invitation went
// there, and whoever reads it there could come in (ErrInvited).
func (s *Service) Change(ctx context.Context, id string, c Change, by string) (before, after Person, err error) {
	if c, err = c.checked(); err != nil {
		return Person{}, Person{}, err
	}
	err = s.change(ctx, id, func(tx *sql.Tx, p Person) error {
		if p.State == Removed {
			return ErrState
		}
		before, after = p, c.applied(p)
		if after.Email != p.Email && p.State == Invited {
			return ErrInvited
		}
		_, err := tx.ExecContext(ctx, `UPDATE person SET email = $1, name = $2, role = $3, seats = $4, quota = $5 WHERE id = $6`,
			after.Email, after.Name, after.Role, after.Seats, after.Quota, id)
		if err == nil && after.Email != p.Email { // a link of Renew went to the address before
			err = endInvitation(ctx, tx, id)
		}
		if err == nil && after.Role != p.Role {
			_, err = tx.ExecContext(ctx, "UPDATE person SET changed = $1, changed_by = $2 WHERE id = $3", database.Millis(s.now()), by, id)
		}
		if database.IsTaken(err) {
			return ErrTaken
		}
		if err != nil {
			return fmt.Errorf("change a person: %w", err)
		}
		return nil
	})
	if err != nil {
		return Person{}, Person{}, err
	}
	return before, after, nil
}

func (c Change) checked() (Change, error) {
	const mostSeats = 1_000_000
	switch {
	case c.Role != nil && !c.Role.valid():
		return Change{}, fmt.Errorf("%w: there is no role %q", ErrInvalid, *c.Role)
	case c.Seats != nil && (*c.Seats < 0 || *c.Seats > mostSeats):
		return Change{}, fmt.Errorf("%w: %d seats", ErrInvalid, *c.Seats)
	case c.Quota != nil && *c.Quota < 0:
		return Change{}, fmt.Errorf("%w: a quota of %d bytes", ErrInvalid, *c.Quota)
	}
	if c.Email != nil {
		email, err := ParseEmail(*c.Email)
		if err != nil {
			return Change{}, err
		}
		c.Email = &email
	}
	if c.Name != nil {
		name, err := line("name", *c.Name, maxName)
		if err != nil {
			return Change{}, err
		}
		c.Name = &name
	}
	return c, nil
}

func (r Role) valid() bool { return r == Owner || r == Administrator || r == Member }

func (c Change) applied(p Person) Person {
	set(&p.Email, c.Email)
	set(&p.Name, c.Name)
	set(&p.Role, c.Role)
	set(&p.Seats, c.Seats)
	set(&p.Quota, c.Quota)
	return p
}

func set[T any](into, value *T) {
	if value != nil {
		*into = *value
	}
}

// SetRole is Change of the role alone.
func (s *Service) SetRole(ctx context.Context, id string, role Role, by string) error {
	_, _, err := s.Change(ctx, id, Change{Role: &role}, by)
	return err
}

// SetSeats is Change of the seats alone.
func (s *Service) SetSeats(ctx context.Context, id string, seats int) error {
	_, _, err := s.Change(ctx, id, Change{Seats: &seats}, "")
	return err
}

// SetQuota is Change of the quota alone.
func (s *Service) SetQuota(ctx context.Context, id string, quota int64) error {
	_, _, err := s.Change(ctx, id, Change{Quota: &quota}, "")
	return err
}

// Difference is one thing about a person that a change made another, in words.
type Difference struct {
	What     string // "e-mail", "name", "role", "seats" or "quota"
	From, To string
}

// Action is what the audit log calls it.
func (d Difference) Action() string {
	switch d.What {
	case "e-mail":
		return "person.email"
	case "role":
		return "person.role." + d.To // so that who was given a role is easily found
	}
	return "person." + d.What
}

// Line is the difference as the person reads it.
func (d Difference) Line() string {
	switch d.What {
	case "e-mail":
		return "E-mail address: " + d.From + ", now " + d.To + ". You sign in with the new one, and letters go there from now on."
	case "seats":
		return "Computers you may have: " + d.From + ", now " + d.To + ". Those you have go on."
	case "quota":
		return "Storage you may use: " + d.From + ", now " + d.To + ". What is stored stays."
	}
	return strings.ToUpper(d.What[:1]) + d.What[1:] + ": " + orNone(d.From) + ", now " + orNone(d.To)
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// Differences are those between a person before and after a change.
func Differences(before, after Person) []Difference {
	all := []Difference{
		{"e-mail", before.Email, after.Email},
		{"name", before.Name, after.Name},
		{"role", string(before.Role), string(after.Role)},
		{"seats", fmt.Sprint(before.Seats), fmt.Sprint(after.Seats)},
		{"quota", bytes(before.Quota), bytes(after.Quota)},
	}
	var made []Difference
	for _, d := range all {
		if d.From != d.To {
			made = append(made, d)
		}
	}
	return made
}

// bytes is a quota as people write it, and exact.
func bytes(n int64) string {
	if n == 0 {
		return "no limit"
	}
	for _, unit := range []struct {
		size int64
		name string
	}{{1e12, "TB"}, {1e9, "GB"}, {1e6, "MB"}, {1 << 40, "TiB"}, {1 << 30, "GiB"}, {1 << 20, "MiB"}} {
		if n%unit.size == 0 {
			return fmt.Sprintf("%d %s", n/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}
