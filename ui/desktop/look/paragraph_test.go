package look

import (
	"slices"
	"testing"
)

func TestTwoStarsAreStrengthOrBelongToAPath(t *testing.T) {
	for words, want := range map[string][]string{
		"Nothing strong.":                          {"Nothing strong."},
		"The exclusion **Virtual disks** does it.": {"The exclusion ", "Virtual disks", " does it."},
		"Only **this**.":                           {"Only ", "this", "."},
		"**One** and **two**":                      {"", "One", " and ", "two", ""},
		"Every version of **a.txt** goes":          {"Every version of ", "a.txt", " goes"},
		"/home/**/build and /x/**/y":               {"/home/**/build and /x/**/y"},
		"left out by **/cache/** everywhere":       {"left out by **/cache/** everywhere"},
		"**/a and **/b":                            {"**/a and **/b"},
		"the rule ~/.config/**/Cache/ is **on**":   {"the rule ~/.config/**/Cache/ is ", "on", ""},
		"2 ** 3 is 8":                              {"2 ** 3 is 8"},
		"**":                                       {"**"},
	} {
		if got := strongParts(words); !slices.Equal(got, want) {
			t.Errorf("%q has the parts %q", words, got)
		}
	}
}
