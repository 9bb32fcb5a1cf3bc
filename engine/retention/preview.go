package retention

import (
	"fmt"
	"strings"
	"time"

	"holdfast/engine"
)

// Preview counts what a policy would leave of what there is, with the policy in
// words. Versions of several computers are given as one slice each.
func Preview(computers [][]Version, now time.Time, policy engine.Retention) engine.RetentionPreview {
	var p engine.RetentionPreview
	for _, versions := range computers {
		p.Captures += len(versions)
		for _, stays := range Keep(versions, now, policy) {
			if stays {
				p.Kept++
			}
		}
	}
	switch {
	case p.Captures == 0:
		p.Sentence = Sentence(policy)
	case p.Kept == p.Captures:
		p.Sentence = fmt.Sprintf("All %s made so far stay. %s", count(p.Captures, "backup"), Sentence(policy))
	default:
		p.Sentence = fmt.Sprintf("Of %s made so far, %d stay. %s", count(p.Captures, "backup"), p.Kept, Sentence(policy))
	}
	return p
}

// Sentence says a policy in words, for the Settings screen and the history.
func Sentence(policy engine.Retention) string {
	var parts []string
	if policy.All > 0 {
		parts = append(parts, "every version for "+Term(policy.All))
	}
	if policy.Daily > max(0, policy.All) {
		parts = append(parts, "one a day for "+Term(policy.Daily))
	}
	if policy.Weekly > max(0, policy.All, policy.Daily) {
		parts = append(parts, "one a week for "+Term(policy.Weekly))
	}
	last := "The newest version always stays."
	switch {
	case policy.Monthly == 0 && len(parts) == 0:
		parts = append(parts, "one a month for good")
	case policy.Monthly == 0:
		parts = append(parts, "one a month after that")
	case policy.Monthly > max(0, policy.All, policy.Daily, policy.Weekly):
		parts = append(parts, "one a month for "+Term(policy.Monthly))
		last = "Older ones go; the newest version always stays."
	case len(parts) == 0:
		return "Only the newest version stays." + deleted(policy)
	default:
		last = "Older ones go; the newest version always stays."
	}
	return "Holdfast keeps " + join(parts) + ". " + last + deleted(policy)
}

func deleted(policy engine.Retention) string {
	if policy.Deleted <= 0 {
		return ""
	}
	return fmt.Sprintf(" The last version of a deleted file stays %s longer.", Term(policy.Deleted))
}

// Term says a time in the largest unit that fits without a rest.
func Term(d time.Duration) string {
	for _, u := range []struct {
		length time.Duration
		name   string
	}{{365 * day, "year"}, {7 * day, "week"}, {day, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		// Ninety days and ten weeks are both said in days; a year is a year.
		if u.name == "week" && d > 4*7*day {
			continue
		}
		if d >= u.length && d%u.length == 0 {
			return count(int(d/u.length), u.name)
		}
	}
	return d.String()
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func join(parts []string) string {
	if len(parts) < 3 {
		return strings.Join(parts, " and ")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}
