package store

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/storage"
)

const (
	version1 = "application/vnd.x.restic.rest.v1"
	version2 = "application/vnd.x.restic.rest.v2"
)

// entry is a file in a list of version 2. The protocol fixes name and size.
type entry struct {
	Name string    `json:"name"`
	Size int64     `json:"size"`
	Time time.Time `json:"time"`
}

// list answers GET of a kind. It is written while it is read from the database; one
// that is cut short has no closing bracket and is no JSON.
func (s *Service) list(k storage.Kind) func(http.ResponseWriter, *http.Request, access.Caller) error {
	return func(w http.ResponseWriter, r *http.Request, c access.Caller) error {
		names := !strings.Contains(strings.Join(r.Header.Values("Accept"), ","), version2)
		w.Header().Set("Content-Type", version2)
		if names {
			w.Header().Set("Content-Type", version1)
		}
		w.Header().Set("Vary", "Accept")
		if r.Method == http.MethodHead {
			w.WriteHeader(http.StatusOK)
			return nil
		}
		out := bufio.NewWriterSize(newPatientWriter(w), 64<<10)
		separator := "["
		err := s.each(r.Context(), c.Person.ID, k, func(o Object) error {
			var value any = o.Name
			if !names {
				value = entry{o.Name, o.Size, o.Received}
			}
			text, err := json.Marshal(value)
			if err != nil {
				return err
			}
			if _, err := out.WriteString(separator); err != nil {
				return err
			}
			separator = ","
			_, err = out.Write(text)
			return err
		})
		if err != nil {
			return err
		}
		if separator == "[" {
			out.WriteString(separator)
		}
		out.WriteString("]\n")
		return out.Flush()
	}
}
