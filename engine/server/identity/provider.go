package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// ProviderOptions describe the institution's OpenID Connect provider.
type ProviderOptions struct {
	Name                           string // on the button: "College SSO"
	Issuer, ClientID, ClientSecret string
	Scopes                         []string // beside openid; nil: email and profile
	ACR                            []string // one of these classes is required; nil: any
	AMR                            []string // one of these methods is required; nil: any
	// NoAuthTime is for a provider that ignores max_age and tells no auth_time (dex):
	// signing in again then counts as fresh by itself.
	NoAuthTime bool
	HTTP       *http.Client // nil: one with a time limit
}

const (
	providerAnswers = 10 * time.Second // how long a request to it may take
	skew            = time.Minute      // how far its clock may be off
)

// provider finds the provider's addresses when they are first needed, so that the
// server starts while the provider is down.
type provider struct {
	options  ProviderOptions
	redirect string
	now      func() time.Time

	mu    sync.Mutex
	found *oidc.Provider
}

func newProvider(o ProviderOptions, redirect string, now func() time.Time) (*provider, error) {
	u, err := url.Parse(o.Issuer)
	if err != nil || u.Host == "" || o.ClientID == "" {
		return nil, fmt.Errorf("the sign-in service needs an issuer (its https address) and a client id")
	}
	if u.Scheme != "https" && !loopback(u.Hostname()) {
		return nil, fmt.Errorf("the issuer %s must be an https address", o.Issuer)
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: providerAnswers}
	}
	if o.Scopes == nil {
		o.Scopes = []string{"email", "profile"}
	}
	if !slices.Contains(o.Scopes, oidc.ScopeOpenID) {
		o.Scopes = append([]string{oidc.ScopeOpenID}, o.Scopes...)
	}
	if o.Name == "" {
		o.Name = u.Hostname()
	}
	return &provider{options: o, redirect: redirect, now: now}, nil
}

func loopback(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }

// Provider is the name of the provider, when there is one.
func (s *Service) Provider() (name string, ok bool) {
	if s.provider == nil {
		return "", false
	}
	return s.provider.options.Name, true
}

// Issuer is the provider's, "" without one.
func (s *Service) Issuer() string {
	if s.provider == nil {
		return ""
	}
	return s.provider.options.Issuer
}

// discover reads the provider's description (OpenID Connect Discovery 1.0) until it
// succeeded once.
func (p *provider) discover(ctx context.Context) (*oidc.Provider, *oauth2.Config, error) {
	p.mu.Lock()
	found := p.found
	p.mu.Unlock()
	if found == nil {
		var err error
		if found, err = oidc.NewProvider(p.client(ctx), p.options.Issuer); err != nil {
			return nil, nil, fmt.Errorf("%w: %w", ErrProvider, err)
		}
		p.mu.Lock()
		p.found = found
		p.mu.Unlock()
	}
	endpoint := found.Endpoint()
	endpoint.AuthStyle = authStyle(found)
	return found, &oauth2.Config{
		ClientID:     p.options.ClientID,
		ClientSecret: p.options.ClientSecret,
		Endpoint:     endpoint,
		RedirectURL:  p.redirect,
		Scopes:       p.options.Scopes,
	}, nil
}

// authStyle is how the provider wants the secret: as a header, which is the default,
// unless it says otherwise. Trying both, as oauth2 would, spends the code on the first.
func authStyle(found *oidc.Provider) oauth2.AuthStyle {
	var said struct {
		Methods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if found.Claims(&said) == nil && slices.Contains(said.Methods, "client_secret_post") && !slices.Contains(said.Methods, "client_secret_basic") {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}

func (p *provider) client(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, p.options.HTTP)
}

// Intent is what a sign-in at the provider is for. It waits in the ceremony, out of the
// browser's reach.
type Intent struct {
	Next       string // where the person was going
	Invitation string // token: link the identity to the invited person
	Person     string // signed in already: link, or prove again
	Again      bool   // sign in afresh
}

// Outcome is what the provider proved.
type Outcome struct {
	Intent
	Issuer, Subject, Email, Name string // Email and Name are the provider's word, to be shown only
	Person                       string // whose identity it is here, "" for nobody's
}

type providerCeremony struct {
	Intent                 Intent
	State, Nonce, Verifier string
	Began                  time.Time
}

// BeginProvider gives the address to send the browser to. loginHint is the name that
// the person typed, or "".
func (s *Service) BeginProvider(ctx context.Context, i Intent, loginHint string) (redirect, ceremony string, err error) {
	if s.provider == nil {
		return "", "", ErrRefused
	}
	p := s.provider
	_, config, err := p.discover(ctx)
	if err != nil {
		return "", "", err
	}
	c := providerCeremony{Intent: i, State: newToken(), Nonce: newToken(), Verifier: oauth2.GenerateVerifier(), Began: s.now()}
	ask := []oauth2.AuthCodeOption{oidc.Nonce(c.Nonce), oauth2.S256ChallengeOption(c.Verifier)}
	if loginHint != "" {
		ask = append(ask, oauth2.SetAuthURLParam("login_hint", loginHint))
	}
	if len(p.options.ACR) > 0 {
		ask = append(ask, oauth2.SetAuthURLParam("acr_values", strings.Join(p.options.ACR, " ")))
	}
	if i.Again {
		ask = append(ask, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	ceremony, err = s.begin(ctx, ceremonyProvider, i.Person, c)
	if err != nil {
		return "", "", err
	}
	return config.AuthCodeURL(c.State, ask...), ceremony, nil
}

// refusal turns the provider's error codes into ours. The description is the provider's
// text and is not repeated.
func refusal(code string) error {
	switch code {
	case "access_denied":
		return fmt.Errorf("%w: the sign-in was cancelled", ErrRefused)
	case "unmet_authentication_requirements", "interaction_required", "login_required":
		return ErrAssurance
	}
	return fmt.Errorf("%w: it did not accept the sign-in", ErrProvider)
}

// exchange turns the code into an ID token.
func (p *provider) exchange(ctx context.Context, c providerCeremony, code string) (*oidc.IDToken, error) {
	found, config, err := p.discover(ctx)
	if err != nil {
		return nil, err
	}
	ctx = p.client(ctx)
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(c.Verifier))
	if err != nil {
		if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok && e.ErrorCode == "invalid_grant" {
			return nil, fmt.Errorf("%w: the code was used or is too old", ErrRefused)
		}
		return nil, fmt.Errorf("%w: the code could not be exchanged", ErrProvider) // the error may hold the answer's body
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return nil, fmt.Errorf("%w: it answered without an ID token", ErrProvider)
	}
	id, err := found.VerifierContext(ctx, &oidc.Config{ClientID: p.options.ClientID, Now: p.now}).Verify(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("%w: its ID token does not hold: %w", ErrProvider, err)
	}
	if id.AccessTokenHash != "" {
		if err := id.VerifyAccessToken(token.AccessToken); err != nil {
			return nil, fmt.Errorf("%w: its ID token is for another access token", ErrProvider)
		}
	}
	return id, nil
}
