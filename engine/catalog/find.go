package catalog

import (
	"context"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// FindOptions narrows a search.
type FindOptions struct {
	At      time.Time // what was there at this moment; zero: at all times
	Deleted bool      // what is gone too (at that moment)
	Hidden  bool      // what is, or lies in, something whose name begins with a dot too
	Limit   int       // 0: 200
}

// Found is a path whose name matches.
type Found struct {
	Entry
	Path string
}

const (
	usualLimit = 200
	mostNames  = 20_000 // names that are ranked; more match only short and common text
	mostPlaces = 20_000
)

// Find searches the names of a device for text, whatever its case and accents, best
// matches first: the whole name, its beginning, the beginning of a word, anywhere.
func (c *Catalog) Find(ctx context.Context, device, text string, o FindOptions) ([]Found, error) {
	text = fold(strings.TrimSpace(text))
	if text == "" {
		return nil, nil
	}
	if o.Limit <= 0 {
		o.Limit = usualLimit
	}
	var found []Found
	err := c.read(ctx, func(s *session) error {
		number, err := c.device(s, device)
		if err != nil {
			return ignoreNotFound(err)
		}
		names, err := matchingNames(ctx, s, text)
		if err != nil {
			return err
		}
		q := &search{c: c, s: s, o: o, device: number, uid: device, paths: make(map[int64]string)}
		if !o.At.IsZero() {
			if q.at, err = snapshotTime(s, number, nanos(o.At)); err != nil || q.at == 0 {
				return err
			}
		}
		err = q.places(ctx, names)
		found = q.found
		return err
	})
	return found, err
}

// A match is a name with how well it fits; less is better.
type match struct {
	number int64
	rank   int
}

func matchingNames(ctx context.Context, s *session, text string) ([]match, error) {
	var matches []match
	consider := func(r row) error {
		name := fold(string(r.bytes(1)))
		if rank, ok := rankOf(name, text); ok {
			matches = append(matches, match{r.int(0), rank})
		}
		if len(matches) >= mostNames {
			return errStop
		}
		return nil
	}
	covered := int64(0)
	if query := trigrams(text); query != "" {
		var err error
		if covered, err = namesIndexed(s); err != nil {
			return nil, err
		}
		err = s.each(ctx, consider, `SELECT n.id, n.bytes FROM name_text JOIN name n ON n.id = name_text.rowid WHERE name_text MATCH ?`, query)
		if err != nil {
			return nil, err
		}
	}
	if len(matches) < mostNames {
		err := s.each(ctx, consider, "SELECT id, bytes FROM name WHERE id > ?", covered)
		if err != nil {
			return nil, err
		}
	}
	sort.SliceStable(matches, func(i, j int) bool { return matches[i].rank < matches[j].rank })
	return matches, nil
}

// rankOf compares a folded name with folded text.
func rankOf(name, text string) (int, bool) {
	at := strings.Index(name, text)
	switch {
	case at < 0:
		return 0, false
	case len(name) == len(text):
		return 0, true
	case at == 0 && name[len(text)] == '.': // all but the extension
		return 1, true
	case at == 0:
		return 2, true
	}
	before, _ := utf8.DecodeLastRuneInString(name[:at])
	if strings.ContainsRune(" -_.()[]", before) {
		return 3, true
	}
	return 4, true
}

// trigrams makes the query for all names that have every three neighbouring letters
// of the text, "" when it is too short. The table holds no positions, so that names
// with the same letters in another order are found as well; the caller compares.
func trigrams(text string) string {
	letters := []rune(text)
	var b strings.Builder
	for i := 0; i+3 <= len(letters) && i < 40; i++ {
		if i > 0 {
			b.WriteString(" AND ")
		}
		b.WriteByte('"')
		b.WriteString(strings.ReplaceAll(string(letters[i:i+3]), `"`, `""`))
		b.WriteByte('"')
	}
	return b.String()
}

// search turns names into places.
type search struct {
	c      *Catalog
	s      *session
	o      FindOptions
	device int64
	uid    string
	at     int64
	paths  map[int64]string // of folders
	found  []Found
	seen   int
}

func (q *search) places(ctx context.Context, names []match) error {
	type placed struct {
		row  Entry
		gone bool
	}
	for start := 0; start < len(names) && len(q.found) < q.o.Limit; {
		end := start
		var some []placed
		for ; end < len(names) && names[end].rank == names[start].rank; end++ {
			err := q.s.each(ctx, func(r row) error {
				e, _ := entryOf(r)
				q.seen++
				if shown, gone := q.shows(&e); shown {
					some = append(some, placed{e, gone})
				}
				if q.seen > mostPlaces || len(some) > 4*q.o.Limit+1000 {
					return errStop
				}
				return nil
			}, `SELECT `+entryColumns+` FROM entry e JOIN name n ON n.id = e.name WHERE e.name = ? AND e.device = ?`,
				names[end].number, q.device)
			if err != nil {
				return err
			}
			if q.seen > mostPlaces || len(some) > 4*q.o.Limit+1000 {
				end++
				break
			}
		}
		start = end
		sort.SliceStable(some, func(i, j int) bool { // present ones first, then what changed last
			if some[i].gone != some[j].gone {
				return some[j].gone
			}
			return some[i].row.ModTime > some[j].row.ModTime
		})
		for _, p := range some {
			if len(q.found) >= q.o.Limit {
				break
			}
			if err := q.add(p.row); err != nil {
				return err
			}
		}
	}
	return nil
}

// shows decides about an entry by its row alone, where that is enough.
func (q *search) shows(e *Entry) (shown, gone bool) {
	if e.Parent == 0 {
		return false, false // the top
	}
	if q.at == 0 {
		gone = e.Gone != 0
		return q.o.Deleted || !gone, gone
	}
	if e.Since > q.at {
		return true, false // depends on older versions: see add
	}
	gone = e.Gone != 0 && e.Gone <= q.at
	return q.o.Deleted || !gone, gone
}

func (q *search) add(e Entry) error {
	if q.at != 0 && e.Since > q.at {
		k := &collector{c: q.c, s: q.s}
		_, err := q.s.first(func(r row) { k.add(r) }, `SELECT e.id, e.parent, n.bytes, o.kind, o.mode, o.size, o.mtime, 0, 0,
			o.content, o.since, o.until FROM old o JOIN entry e ON e.id = o.entry JOIN name n ON n.id = e.name
			WHERE o.entry = ? AND o.since <= ? ORDER BY o.since DESC LIMIT 1`, int64(e.ID), q.at)
		if err != nil || len(k.list) == 0 {
			return err
		}
		if e = k.list[0]; e.Gone <= q.at && !q.o.Deleted {
			return nil
		}
	}
	dir, err := pathOf(q.s, int64(e.Parent), q.paths)
	if err != nil {
		return err
	}
	q.paths[int64(e.Parent)] = dir
	path := joinPath(dir, e.Name)
	if !q.o.Hidden && strings.Contains(path, "/.") {
		return nil
	}
	e.Device = q.uid
	q.found = append(q.found, Found{Entry: e, Path: path})
	return nil
}

// namesIndexed is the number of the last name that the trigrams cover.
func namesIndexed(s *session) (int64, error) {
	value, err := getMeta(s, "names_indexed")
	if err != nil || value == "" {
		return 0, err
	}
	return strconv.ParseInt(value, 10, 64)
}

// indexNames brings the trigrams up to date in the background, in small transactions
// so that other writing goes on between them. Until it is done Find reads the names
// that are missing one by one.
func (c *Catalog) indexNames() {
	if !c.indexing.CompareAndSwap(false, true) {
		return
	}
	c.background(func(ctx context.Context) {
		defer c.indexing.Store(false)
		for more := true; more; {
			err := c.write(ctx, func(s *session) (err error) {
				more, err = indexSomeNames(ctx, s)
				return err
			})
			if err != nil {
				return
			}
		}
	})
}

func indexSomeNames(ctx context.Context, s *session) (more bool, err error) {
	const some = 2000
	from, err := namesIndexed(s)
	if err != nil {
		return false, err
	}
	upto, count := from, 0
	err = s.each(ctx, func(r row) error {
		upto = r.int(0)
		count++
		_, _, err := s.exec("INSERT INTO name_text (rowid, text) VALUES (?, ?)", upto, fold(string(r.bytes(1))))
		return err
	}, "SELECT id, bytes FROM name WHERE id > ? ORDER BY id LIMIT ?", from, some)
	if err != nil || count == 0 {
		return false, err
	}
	return count == some, putMeta(s, "names_indexed", strconv.FormatInt(upto, 10))
}
