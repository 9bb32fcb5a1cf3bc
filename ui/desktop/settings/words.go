package settings

import (
	"fmt"
	"strings"
	"time"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

const (
	day   = 24 * time.Hour
	week  = 7 * day
	month = 30 * day
	year  = 365 * day
)

// span is a length of time as a person says it; the largest unit that divides it.
func span(d time.Duration) string {
	for _, unit := range []struct {
		length time.Duration
		word   string
	}{{year, "year"}, {week, "week"}, {day, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if d >= unit.length && d%unit.length == 0 {
			return plural(int64(d/unit.length), unit.word)
		}
	}
	return d.String()
}

// every is an interval: "every minute", "every 15 minutes".
func every(d time.Duration) string {
	return "Every " + strings.TrimPrefix(span(d), "1 ")
}

func plural(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return look.Count(n) + " " + word + "s"
}

// rate is a limit of traffic.
func rate(bytes int64) string {
	if bytes <= 0 {
		return "No limit"
	}
	return look.Bytes(bytes) + "/s"
}

func percent(n int) string { return fmt.Sprintf("%d %%", n) }

// tiers are the words of a retention, one line for each age.
func tiers(r engine.Retention) string {
	var parts []string
	if r.All > 0 {
		parts = append(parts, "every version for "+span(r.All))
	}
	if r.Daily > r.All {
		parts = append(parts, "one a day until "+span(r.Daily))
	}
	if r.Weekly > r.Daily {
		parts = append(parts, "one a week until "+span(r.Weekly))
	}
	if r.Monthly == 0 {
		parts = append(parts, "then one a month for ever")
	} else if r.Monthly > r.Weekly {
		parts = append(parts, "then one a month until "+span(r.Monthly))
	}
	text := "Kept: " + strings.Join(parts, ", ") + "."
	if r.Deleted > 0 {
		text += " The last version of a deleted file stays " + span(r.Deleted) + " longer."
	}
	return text
}

// ordered keeps the ages of a retention from contradicting each other: no tier may
// end before the one that it follows.
func ordered(r engine.Retention) engine.Retention {
	r.Daily = max(r.Daily, r.All)
	r.Weekly = max(r.Weekly, r.Daily)
	if r.Monthly != 0 {
		r.Monthly = max(r.Monthly, r.Weekly)
	}
	return r
}

// keyName is what a key is called in the list.
func keyName(k engine.Key) string {
	switch k.Kind {
	case engine.KeyComputer:
		if k.Current {
			return "This computer"
		}
		if k.Computer != "" {
			return k.Computer
		}
		return "Another computer"
	case engine.KeyPassphrase:
		return "Passphrase"
	case engine.KeyRecovery:
		return "Recovery code"
	case engine.KeyInstitution:
		return "Key of your institution"
	}
	return "Key of another program"
}

// keySays is what a key opens, and since when.
func keySays(k engine.Key, now time.Time) string {
	says := map[engine.KeyKind]string{
		engine.KeyComputer:    "opens the backup without asking",
		engine.KeyPassphrase:  "opens the backup on any computer",
		engine.KeyRecovery:    "opens the backup when everything else is lost",
		engine.KeyInstitution: "opens the backup on a computer on which you sign in",
	}[k.Kind]
	if says == "" {
		says = "was not made by Holdfast"
	}
	if k.Created.IsZero() {
		return says
	}
	return says + " · made " + look.When(k.Created, now)
}

// revokeSays is what revoking a key means for the files.
func revokeSays(k engine.Key) string {
	switch k.Kind {
	case engine.KeyComputer:
		return keyName(k) + " can then neither back up nor get files until it is connected again. What it has stored stays."
	case engine.KeyPassphrase:
		return "The passphrase then opens nothing any more. The files stay, and the other keys still open them."
	case engine.KeyRecovery:
		return "The code that you printed or saved then opens nothing any more. Without it, losing this computer and forgetting the passphrase would mean losing the files. Make a new code soon."
	}
	return "Whoever made this key can then not open the backup with it any more. The files stay."
}

// keptBy says who has the key of an account, "" for a folder or drive and while the
// keys are not known.
func keptBy(d engine.Destination, keys []engine.Key) string {
	switch {
	case d.Account == "" || len(keys) == 0:
		return ""
	case hasKey(keys, engine.KeyInstitution):
		return "**Standard**: " + d.Server + " keeps a key for you, apart from your files. You need nothing but your sign-in to open the backup on a new computer, and whenever the key is given out you get a mail."
	}
	return "**Only you have the key**: " + d.Server + " cannot open your files. Without your passphrase or recovery code, nobody can open them on a new computer."
}

// passphraseMeans is what a passphrase is for.
func passphraseMeans(d engine.Destination) string {
	if d.Account == "" {
		return "Opens the backup on any computer. Nobody but you knows it."
	}
	return "Opens the backup on any computer. Nobody but you knows it, and your institution keeps no key any more."
}

// withoutPassphrase says whether one can go back to where there was none: in an
// account, that is where the institution keeps a key.
func withoutPassphrase(d engine.Destination, keys []engine.Key) bool {
	if d.Account != "" {
		return len(keys) > 0 && !hasKey(keys, engine.KeyInstitution)
	}
	return hasKey(keys, engine.KeyPassphrase)
}

// standardSays is what going back to Standard means.
func standardSays(d engine.Destination) string {
	return d.Server + " then keeps a key for you again, apart from your files, and you need nothing but your sign-in to open the backup on a new computer. A passphrase opens nothing any more; the recovery code still does. Nothing is uploaded again."
}

// codeSays is what a recovery code means where it is shown.
func codeSays(keys []engine.Key) string {
	says := "Keep it away from this computer. Whoever has it can read your files"
	if hasKey(keys, engine.KeyInstitution) {
		return says + ", without your institution."
	}
	return says + "; without it and without a passphrase, the loss of this computer is the loss of the backup."
}

// hasKey finds a kind of key.
func hasKey(keys []engine.Key, kind engine.KeyKind) bool {
	for _, k := range keys {
		if k.Kind == kind {
			return true
		}
	}
	return false
}

// checked says how a check ended.
func checked(r engine.CheckResult) (string, engine.Tone) {
	read := ""
	if r.Read > 0 {
		read = ", " + look.Bytes(r.Read) + " of data read"
	}
	text := fmt.Sprintf("%s with %s looked at%s.", plural(r.Packs, "pack"), plural(r.Blobs, "piece"), read)
	if len(r.Errors) == 0 && len(r.Damaged) == 0 {
		return "Nothing is wrong. " + text, engine.ToneOK
	}
	if r.Healed > 0 {
		text += " " + plural(r.Healed, "piece") + " were stored again from this computer."
	}
	if len(r.Damaged) == 0 {
		return "Something was wrong, but no file is affected. " + text, engine.ToneWarn
	}
	return plural(int64(len(r.Damaged)), "file") + " cannot be restored whole. " + text, engine.ToneBad
}

// proven says how a restore drill ended.
func proven(p engine.Proof) (string, engine.Tone) {
	what := fmt.Sprintf("%s, %s, in %s", plural(p.Amount.Files, "file"), look.Bytes(p.Amount.Bytes), seconds(p.Took))
	if len(p.Failed) == 0 {
		return "Restored and compared: " + what + ". All of it is right.", engine.ToneOK
	}
	return fmt.Sprintf("%s did not come back as stored. Tried: %s.", plural(int64(len(p.Failed)), "file"), what), engine.ToneBad
}

func seconds(d time.Duration) string {
	if d < time.Minute {
		return plural(max(1, int64(d.Round(time.Second)/time.Second)), "second")
	}
	return plural(int64(d.Round(time.Minute)/time.Minute), "minute")
}
