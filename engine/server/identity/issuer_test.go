package identity_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"

	"holdfast/engine/server/identity"
)

// issuer is a small OpenID Connect provider that can be told to go wrong. Everybody who
// comes is signed in as subject "7"; codes work once and need the PKCE verifier.
type issuer struct {
	t      *testing.T
	server *httptest.Server
	key    *rsa.PrivateKey
	clock  *clock

	mu     sync.Mutex
	down   bool
	claims map[string]any        // written over those of the ID token; nil removes one
	forger *rsa.PrivateKey       // signs in place of key when set
	codes  map[string]url.Values // what was asked for, by code
}

func newIssuer(t *testing.T, c *clock) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	i := &issuer{t: t, key: key, clock: c, codes: map[string]url.Values{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.describe)
	mux.HandleFunc("GET /keys", i.keys)
	mux.HandleFunc("POST /token", i.token)
	i.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.down {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(i.server.Close)
	return i
}

func (i *issuer) options() *identity.ProviderOptions {
	return &identity.ProviderOptions{Name: "College SSO", Issuer: i.server.URL, ClientID: "holdfast", ClientSecret: "geheim"}
}

func (i *issuer) set(change func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change()
}

func (i *issuer) describe(w http.ResponseWriter, _ *http.Request) {
	json.NewEncoder(w).Encode(map[string]any{
		"issuer": i.server.URL, "authorization_endpoint": i.server.URL + "/authorize", "token_endpoint": i.server.URL + "/token",
		"jwks_uri": i.server.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"},
	})
}

func (i *issuer) keys(w http.ResponseWriter, _ *http.Request) {
	json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1",
		"n": encode(i.key.N.Bytes()), "e": encode(big.NewInt(int64(i.key.E)).Bytes()),
	}}})
}

// signIn is the person at the provider's page: the redirect comes in, the address that
// the browser is sent back to goes out.
func (i *issuer) signIn(redirect string) url.Values {
	i.t.Helper()
	u, err := url.Parse(redirect)
	must(i.t, err)
	asked := u.Query()
	if asked.Get("code_challenge_method") != "S256" || asked.Get("response_type") != "code" || asked.Get("redirect_uri") != "https://localhost:8443/sign-in/return" {
		i.t.Errorf("asked with %v", asked)
	}
	code := rand.Text()
	i.set(func() { i.codes[code] = asked })
	return url.Values{"code": {code}, "state": {asked.Get("state")}, "iss": {i.server.URL}}
}

func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	refuse := func(code string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		json.NewEncoder(w).Encode(map[string]any{"error": code, "error_description": "the secret of the client was geheim"})
	}
	name, secret, _ := r.BasicAuth()
	if name != "holdfast" || secret != "geheim" {
		refuse("invalid_client")
		return
	}
	asked, ok := i.codes[r.FormValue("code")]
	delete(i.codes, r.FormValue("code"))
	challenge := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if !ok || asked.Get("code_challenge") != encode(challenge[:]) {
		refuse("invalid_grant")
		return
	}
	now := i.clock.now().Unix()
	claims := map[string]any{"iss": i.server.URL, "sub": "7", "aud": "holdfast", "iat": now, "exp": now + 300, "nonce": asked.Get("nonce"),
		"email": "ann@college.edu", "name": "Ann"}
	maps.Copy(claims, i.claims)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": i.jwt(claims)})
}

func (i *issuer) jwt(claims map[string]any) string {
	body, err := json.Marshal(claims)
	must(i.t, err)
	text := encode([]byte(`{"alg":"RS256","kid":"1"}`)) + "." + encode(body)
	key := i.key
	if i.forger != nil {
		key = i.forger
	}
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	must(i.t, err)
	return text + "." + encode(signature)
}
