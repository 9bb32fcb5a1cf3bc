package account

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"holdfast/engine/storage/rest"
)

const (
	callTimeout = 60 * time.Second
	maxAnswer   = 8 << 20 // bytes
)

// authority puts on a request who asks.
type authority func(*http.Request)

// call makes one request with JSON in and out; in and out may be nil. A question that
// changes nothing is asked again when the server says that it cannot answer just now: a
// database of it may have started anew.
func (s *Server) call(ctx context.Context, who authority, method, path string, in, out any) error {
	err := s.callOnce(ctx, who, method, path, in, out)
	for pause := awayPause; method == http.MethodGet && isAway(err) && pause <= 4*awayPause; pause *= 2 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		err = s.callOnce(ctx, who, method, path, in, out)
	}
	return err
}

const awayPause = 250 * time.Millisecond // before the second try; doubled before each of two more

func isAway(err error) bool {
	r, ok := errors.AsType[*Refusal](err)
	return ok && r.Status == http.StatusServiceUnavailable
}

func (s *Server) callOnce(ctx context.Context, who authority, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	return s.send(ctx, who, method, path, "application/json", body, func(resp *http.Response) error {
		if resp.StatusCode < 200 || resp.StatusCode >= 300 {
			return refused(resp)
		}
		if out == nil {
			return nil
		}
		return decode(resp, out)
	})
}

// send makes one request and hands the answer to take.
func (s *Server) send(ctx context.Context, who authority, method, path, kind string, body io.Reader, take func(*http.Response) error) error {
	within, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(within, method, s.info.Origin+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "holdfast")
	if body != nil {
		req.Header.Set("Content-Type", kind)
	}
	if who != nil {
		who(req)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return noAnswer(err, s.transport.TLSClientConfig.RootCAs)
	}
	defer func() {
		_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
		_ = resp.Body.Close()
	}()
	err = take(resp)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func isJSON(resp *http.Response) bool {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return kind == "application/json"
}

// decode reads an answer of JSON.
func decode(resp *http.Response, out any) error {
	if !isJSON(resp) {
		return ErrNotHoldfast
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return fmt.Errorf("%w (%w)", ErrUnreachable, err)
	}
	if len(b) > maxAnswer {
		return fmt.Errorf("%w: its answer is too long", ErrNotHoldfast)
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("%w: %w", ErrNotHoldfast, err)
	}
	return nil
}

// refused makes an error of an answer that does not grant. What is not a problem of
// the server's comes from something before it, such as a proxy.
func refused(resp *http.Response) error {
	r := rest.ReadRefusal(resp)
	switch {
	case resp.StatusCode >= 500 && resp.StatusCode != http.StatusInsufficientStorage:
		return fmt.Errorf("%w (%w)", ErrUnreachable, r)
	case r.Code == "":
		return fmt.Errorf("%w (%w)", ErrNotHoldfast, r)
	}
	return r
}

// bearer is a person's token (RFC 6750).
func bearer(token string) authority {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

// basic is a computer's credential, "id:secret" (RFC 7617).
func basic(user, password string) authority {
	return func(r *http.Request) { r.SetBasicAuth(user, password) }
}

// form posts to one of the endpoints of OAuth, whose errors are
// {"error":"invalid_grant","error_description":"…"} (RFC 6749, section 5.2).
func (s *Server) form(ctx context.Context, path string, values url.Values, out any) error {
	body := strings.NewReader(values.Encode())
	return s.send(ctx, nil, http.MethodPost, path, "application/x-www-form-urlencoded", body, func(resp *http.Response) error {
		if resp.StatusCode == http.StatusOK {
			return decode(resp, out)
		}
		return refusedOAuth(resp)
	})
}

func refusedOAuth(resp *http.Response) error {
	if resp.StatusCode >= 500 || !isJSON(resp) {
		return refused(resp)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return fmt.Errorf("%w (%w)", ErrUnreachable, err)
	}
	var wire struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(b, &wire) != nil || wire.Error == "" {
		resp.Body = io.NopCloser(bytes.NewReader(b)) // it may be a problem of the API
		return refused(resp)
	}
	return rest.NewRefusal(resp.StatusCode, wire.Error, wire.Description)
}

// hasCode says whether an error is a refusal of that code.
func hasCode(err error, code string) bool {
	r, ok := errors.AsType[*Refusal](err)
	return ok && r.Code == code
}

// oauthRefusal is one that came by way of the browser's address bar. It is foreign
// text, so only what looks like a code of RFC 6749, section 4.1.2.1, is taken.
func oauthRefusal(code, description string) error {
	return rest.NewRefusal(http.StatusForbidden, code, description)
}
