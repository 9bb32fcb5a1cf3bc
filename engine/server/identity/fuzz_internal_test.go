package identity

import (
	"encoding/json"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
)

// FuzzForeignText feeds what comes from browsers and the provider to what reads it.
func FuzzForeignText(f *testing.F) {
	f.Add([]byte(`{"amr":"otp","acr":"gold","auth_time":1e400}`))
	f.Add([]byte(`{"amr":["pwd","otp"],"nonce":"x"}`))
	f.Add([]byte(`{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oA","authenticatorData":"AA","signature":"AA"}}`))
	f.Add([]byte("a\x00b\xff\u2028c"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var said claims
		_ = json.Unmarshal(text, &said)
		_, _ = protocol.ParseCredentialCreationResponseBytes(text)
		_, _ = protocol.ParseCredentialRequestResponseBytes(text)
		if l := line(string(text), 9); !utf8.ValidString(l) || utf8.RuneCountInString(l) > 9 {
			t.Errorf("%q became %q", text, l)
		}
		_, _ = matches("JBSWY3DPEHPK3PXP", string(text), time.Unix(1e9, 0), 0)
		_ = plainCode(string(text))
	})
}
