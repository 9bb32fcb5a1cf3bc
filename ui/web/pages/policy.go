package pages

import "strings"

// Policy is the Content-Security-Policy (https://www.w3.org/TR/CSP3/) of a page. A
// form may lead elsewhere only where it has to: to the institution's sign-in, or to
// a program on the visitor's own computer. to names those origins, one space between.
func Policy(to string) string {
	return strings.Join([]string{
		"default-src 'none'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'", "script-src 'self'", "connect-src 'self'",
		strings.TrimSpace("form-action 'self' " + to), "frame-ancestors 'none'", "base-uri 'none'",
	}, "; ")
}
