package source

import (
	"os/user"
	"strconv"
	"sync"
	"time"
)

// names remembers what the system said of user and group numbers. A lookup may ask a
// directory server; a scan would ask it a million times the same question.
type names struct {
	lookup func(id string) (string, error)
	mu     sync.RWMutex
	known  map[uint32]known
}

type known struct {
	name string // "" for a number without a name
	at   time.Time
}

// staleAfter lets renamed accounts show up in a program that runs for months.
const staleAfter = time.Hour

var (
	users = &names{lookup: func(id string) (string, error) {
		u, err := user.LookupId(id)
		if err != nil {
			return "", err
		}
		return u.Username, nil
	}}
	groups = &names{lookup: func(id string) (string, error) {
		g, err := user.LookupGroupId(id)
		if err != nil {
			return "", err
		}
		return g.Name, nil
	}}
)

func (n *names) name(id uint32) string {
	n.mu.RLock()
	k, ok := n.known[id]
	n.mu.RUnlock()
	if ok && time.Since(k.at) < staleAfter {
		return k.name
	}
	// A number that nobody knows is as good an answer as a name, and is kept too.
	name, err := n.lookup(strconv.FormatUint(uint64(id), 10))
	if err != nil {
		name = k.name
	}
	n.mu.Lock()
	if n.known == nil {
		n.known = make(map[uint32]known)
	}
	n.known[id] = known{name: name, at: time.Now()}
	n.mu.Unlock()
	return name
}
