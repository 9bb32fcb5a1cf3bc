package store

import (
	"net/http"
	"strconv"

	"holdfast/engine/server/access"
	"holdfast/engine/storage"
)

const root = "/storage/"

// most is how large a file of a kind may be, in bytes. Far above what is ever
// written, so that nobody meets it who does not look for it.
func most(k storage.Kind) int64 {
	switch k {
	case storage.Locks:
		return 64 << 10
	case storage.Index:
		return 64 << 20
	case storage.Packs:
		return 256 << 20
	}
	return 1 << 20
}

// Routes are those of restic's protocol below /storage/. Every kind has its own, so
// that none but these six words is ever answered. A blocked computer goes on backing
// up, for which it reads everything but the contents of files.
func (s *Service) Routes() []access.Route {
	routes := []access.Route{
		{Method: http.MethodPost, Pattern: root + "{$}", Handle: s.create, BlockedMay: true,
			Doc: "Make the repository of the account. It is there already: nothing is done."},
		{Method: http.MethodHead, Pattern: root + "{$}", Handle: s.free, BlockedMay: true,
			Doc: "How many bytes the quota leaves, in the header Holdfast-Free; -1 for no limit."},
		{Method: http.MethodDelete, Pattern: root + "{$}", Handle: s.keepAll, BlockedMay: true,
			Doc: "Refused: a computer's credential does not remove."},
	}
	for _, k := range storage.Kinds() {
		name, word := "/{name}", "a file of "+string(k)
		if k == storage.Config {
			name, word = "", "the config"
		} else {
			routes = append(routes, access.Route{Method: http.MethodGet, Pattern: root + string(k) + "/{$}", Handle: s.list(k), BlockedMay: true,
				Doc: "List the files of " + string(k) + ", as version 1 or 2 of the protocol."})
		}
		pattern := root + string(k) + name
		remove := access.Route{Handle: s.keep(k), BlockedMay: true, Doc: "Refused: a computer's credential does not remove."}
		switch k {
		case storage.Locks:
			remove = access.Route{Handle: s.removeLock, BlockedMay: true, Doc: "Remove a lock."}
		case storage.Packs, storage.Index, storage.Snapshots:
			remove = access.Route{Handle: s.removeUnder(k), Need: access.Removing, Doc: "Remove " + word + " under an open removal, into the hold."}
		}
		remove.Method, remove.Pattern = http.MethodDelete, pattern
		routes = append(routes, remove,
			access.Route{Method: http.MethodGet, Pattern: pattern, Handle: s.get(k), BlockedMay: k != storage.Packs,
				Doc: "Read " + word + " or one range of it."},
			access.Route{Method: http.MethodPost, Pattern: pattern, Handle: s.put(k), BlockedMay: true,
				Doc: "Store " + word + " under the SHA-256 of its content; never over another."})
	}
	// Whoever lists a pack looks first whether it is there.
	routes = append(routes, access.Route{Method: http.MethodHead, Pattern: root + string(storage.Packs) + "/{name}", Handle: s.get(storage.Packs), BlockedMay: true,
		Doc: "Whether a file of data is there, and how large it is."})
	for i := range routes {
		if routes[i].Need == "" {
			routes[i].Need = access.Computer
		}
		routes[i].Body = -1
	}
	return routes
}

// target is the file that a request names, in the account of the credential. The path
// must be spelled in the one way there is: no escapes, no other case, no other slashes.
func target(r *http.Request, c access.Caller, k storage.Kind) (file, error) {
	f, err := newFile(c.Person.ID, k, r.PathValue("name"))
	if err == nil {
		spelled := root + string(k)
		if k != storage.Config {
			spelled += "/" + f.name
		}
		if r.URL.EscapedPath() == spelled {
			return f, nil
		}
	}
	return file{}, access.Problem{Status: http.StatusBadRequest, Code: "bad_request",
		Message: "That is not the name of a repository file: 64 lower-case hexadecimal digits are.", Err: err}
}

func (s *Service) create(w http.ResponseWriter, r *http.Request, _ access.Caller) error {
	if r.URL.Query().Get("create") != "true" {
		return access.Problem{Status: http.StatusBadRequest, Code: "bad_request", Message: "Only ?create=true can be asked of a repository."}
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

func (s *Service) free(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	u, err := s.Usage(r.Context(), c.Person.ID)
	if err != nil {
		return err
	}
	free := int64(-1)
	if u.Quota > 0 {
		free = max(0, u.Quota-u.Used)
	}
	w.Header().Set("Holdfast-Free", strconv.FormatInt(free, 10))
	w.WriteHeader(http.StatusOK)
	return nil
}

func (s *Service) keepAll(http.ResponseWriter, *http.Request, access.Caller) error {
	return access.Problem{Status: http.StatusForbidden, Code: "forbidden",
		Message: "A computer's credential adds files and reads them; it cannot remove any. Nothing was removed."}
}

func (s *Service) keep(k storage.Kind) func(http.ResponseWriter, *http.Request, access.Caller) error {
	return func(w http.ResponseWriter, r *http.Request, c access.Caller) error {
		if _, err := target(r, c, k); err != nil {
			return err
		}
		return s.keepAll(w, r, c)
	}
}

func (s *Service) removeLock(w http.ResponseWriter, r *http.Request, c access.Caller) error {
	f, err := target(r, c, storage.Locks)
	if err != nil {
		return err
	}
	if err := s.unlock(r.Context(), f); err != nil {
		return s.explain(err)
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// headerSuperseded names, with the deletion of a snapshot, the one that has come in its
// place: that counts as received when the deleted one was.
const headerSuperseded = "Holdfast-Superseded-By"

func (s *Service) removeUnder(k storage.Kind) func(http.ResponseWriter, *http.Request, access.Caller) error {
	return func(w http.ResponseWriter, r *http.Request, c access.Caller) error {
		f, err := target(r, c, k)
		if err != nil {
			return err
		}
		by := r.Header.Get(headerSuperseded)
		if by != "" && (k != storage.Snapshots || storage.CheckName(k, by) != nil || by == f.name) {
			return s.explain(errSuperseded)
		}
		if err := s.removeIn(r.Context(), c.Removal, f, by); err != nil {
			return s.explain(err)
		}
		w.WriteHeader(http.StatusOK)
		return nil
	}
}
