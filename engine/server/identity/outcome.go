package identity

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// claims are those of the ID token that matter here.
type claims struct {
	Nonce    string  `json:"nonce"`
	ACR      string  `json:"acr"`
	AMR      methods `json:"amr"`
	AuthTime float64 `json:"auth_time"`
	AZP      string  `json:"azp"`
	Email    string  `json:"email"`
	Name     string  `json:"name"`
}

// methods is a list that some providers write as one string.
type methods []string

func (m *methods) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*m = methods{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(m))
}

const longestSubject = 255 // OpenID Connect Core 1.0, section 2

// FinishProvider checks what the browser brought back from the provider to
// /sign-in/return: ErrCeremony when it does not belong to a ceremony of this browser.
// The ceremony is used up whatever comes of it.
//
// With Again and a Person, the identity must be that person's.
func (s *Service) FinishProvider(ctx context.Context, ceremony string, query url.Values) (Outcome, error) {
	if s.provider == nil {
		return Outcome{}, ErrRefused
	}
	var c providerCeremony
	if _, err := s.use(ctx, ceremonyProvider, ceremony, &c); err != nil {
		return Outcome{}, err
	}
	if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(c.State)) != 1 {
		return Outcome{}, ErrCeremony
	}
	p := s.provider
	if iss := query.Get("iss"); iss != "" && iss != p.options.Issuer { // RFC 9207
		return Outcome{}, fmt.Errorf("%w: the answer is another service's", ErrRefused)
	}
	if code := query.Get("error"); code != "" {
		return Outcome{}, refusal(code)
	}
	if query.Get("code") == "" {
		return Outcome{}, fmt.Errorf("%w: it answered without a code", ErrProvider)
	}
	id, err := p.exchange(ctx, c, query.Get("code"))
	if err != nil {
		return Outcome{}, err
	}
	var said claims
	if err := id.Claims(&said); err != nil {
		return Outcome{}, fmt.Errorf("%w: its ID token cannot be read", ErrProvider)
	}
	if subtle.ConstantTimeCompare([]byte(said.Nonce), []byte(c.Nonce)) != 1 {
		return Outcome{}, fmt.Errorf("%w: the ID token is for another sign-in", ErrRefused)
	}
	if id.Subject == "" || len(id.Subject) > longestSubject || strings.ContainsRune(id.Subject, 0) {
		return Outcome{}, fmt.Errorf("%w: its ID token names nobody", ErrProvider)
	}
	if (said.AZP != "" || len(id.Audience) > 1) && said.AZP != p.options.ClientID {
		return Outcome{}, fmt.Errorf("%w: the ID token is for another program", ErrRefused)
	}
	if err := p.assured(said, c); err != nil {
		return Outcome{}, err
	}
	return s.whose(ctx, c.Intent, Outcome{Intent: c.Intent, Issuer: id.Issuer, Subject: id.Subject, Email: line(said.Email, longestSubject), Name: line(said.Name, longestSubject)})
}

// assured holds the ID token against what the institution asks for.
func (p *provider) assured(said claims, c providerCeremony) error {
	if len(p.options.ACR) > 0 && !slices.Contains(p.options.ACR, said.ACR) {
		return fmt.Errorf("%w: the institution asks for another class of sign-in (acr)", ErrAssurance)
	}
	if len(p.options.AMR) > 0 && !slices.ContainsFunc(p.options.AMR, func(m string) bool { return slices.Contains(said.AMR, m) }) {
		return fmt.Errorf("%w: the institution asks for another method of sign-in (amr)", ErrAssurance)
	}
	if !c.Intent.Again || p.options.NoAuthTime {
		return nil
	}
	at := time.Unix(int64(said.AuthTime), 0)
	if said.AuthTime == 0 || at.Before(c.Began.Add(-skew)) || at.After(p.now().Add(skew)) {
		return fmt.Errorf("%w: the sign-in was not done afresh (auth_time)", ErrAssurance)
	}
	return nil
}

// whose finds the person.
func (s *Service) whose(ctx context.Context, i Intent, o Outcome) (Outcome, error) {
	var err error
	if o.Person, err = linked(ctx, s.db, o.Issuer, o.Subject); err != nil {
		return Outcome{}, err
	}
	if i.Again && i.Person != "" && o.Person != i.Person {
		return Outcome{}, fmt.Errorf("%w: that is not who is signed in here", ErrRefused)
	}
	return o, nil
}
