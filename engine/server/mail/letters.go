package mail

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Person is whom a letter is for.
type Person struct{ Email, Name string }

// message is a letter in the form that all have.
func (to Person) message(subject string, paragraphs ...string) Message {
	greeting := "Hello,"
	if name := oneLine(to.Name, 80); name != "" {
		greeting = "Hello " + name + ","
	}
	text := make([]string, 0, len(paragraphs)+1)
	for _, p := range append([]string{greeting}, paragraphs...) {
		if p != "" {
			text = append(text, p)
		}
	}
	return Message{To: to.Email, Subject: subject, Text: strings.Join(text, "\n\n")}
}

// signed adds who writes, and where to look: the link of a letter is not the only way.
func (p *Post) signed(text string) string {
	name := oneLine(p.o.Name, 100)
	if name == "" {
		name = "your institution"
	}
	text = strings.ReplaceAll(strings.ToValidUTF8(text, " "), "\x00", " ")
	end := "\n\n-- \nHoldfast, the backup of " + name + "\n"
	if p.o.Origin != "" {
		end += p.o.Origin + "\n"
	}
	return strings.TrimSpace(text) + end
}

// Invitation carries the link with which a person who was approved or invited opens
// the account; it can be used once, for 14 days.
func Invitation(to Person, link string) Message {
	return to.message("Your backup account is ready",
		"You can now back up your computers and get your files back on any of them. Open this page to choose how you sign in, then download the program:",
		link,
		"The link is for you alone. It works once, within the next 14 days; if it has expired, ask for access again.",
		"If you did not expect this, you need do nothing.")
}

// SignInReset carries the link with which a person sets up anew how they sign in, after
// an administrator ended the ways there were; it can be used once, within three days.
func SignInReset(to Person, link string, at time.Time) Message {
	return to.message("Set up anew how you sign in to your backup account",
		"An administrator ended the ways in which you signed in to your backup account"+circumstances("", at)+": password, authenticator app, passkeys and recovery codes. You are signed out in every browser. Open this page to set them up anew:",
		link,
		"The link is for you alone. It works once, within the next 3 days; if it has expired, ask your administrators for another one.",
		"Your computers go on backing up, and your files and the keys to them are as they were. If you have a passphrase or a recovery code for your files, it is still yours and still the same.",
		"If you did not ask for this, tell those who look after the computers of your institution, before you open the link.")
}

// AppEnded tells that codes of the authenticator app do not count any more, because the
// server's key is lost with which its secret was kept. The link, good once and for three
// days, is for a person who has no other way to sign in; "" for one who has.
func AppEnded(to Person, link string, at time.Time) Message {
	next := "Sign in in another way that you have, with a passkey or the sign-in of your institution, and set the app up anew under \"Security\"."
	once := ""
	if link != "" {
		next = "As you have no other way to sign in, your password and your recovery codes ended too, and you are signed out in every browser. Open this page to set all of it up anew:"
		once = "The link is for you alone. It works once, within the next 3 days; if it has expired, ask your administrators for another one."
	}
	return to.message("Your authenticator app does not work any more for your backup account",
		"The server lost the key with which it kept the secrets of authenticator apps"+circumstances("", at)+". The codes of your app do not count any more; remove the entry of the backup in it.",
		next,
		link,
		once,
		"Your computers go on backing up, and your files and the keys to them are as they were.")
}

// Refused tells that a request for access was not granted, and why if that was said.
func Refused(to Person, why string) Message {
	because := ""
	if why = oneLine(why, 500); why != "" {
		because = "The reason given: " + why
	}
	return to.message("Your request for a backup account",
		"Your request for a backup account was not approved.",
		because,
		"If you think that this is a mistake, please speak to those who look after the computers of your institution.")
}

// SecurityChange tells what was changed ("Your password was changed"), from where
// (an address, or a browser and an address; may be empty), and when.
func SecurityChange(to Person, what, where string, at time.Time) Message {
	what = strings.TrimSuffix(oneLine(what, 200), ".")
	return to.message("Security of your backup account: "+what,
		what+circumstances(where, at)+".",
		notYou)
}

const notYou = "If it was you, all is well. If it was not: sign in, look at \"Security\", end the sessions that you do not know, and tell those who look after the computers of your institution."

// AccountChanged tells what an administrator changed: lines such as "seats: 4, now 6".
// It is for a new e-mail address as well as for the one before.
func AccountChanged(to Person, lines []string, where string, at time.Time) Message {
	text := make([]string, len(lines))
	for i, l := range lines {
		text[i] = "- " + oneLine(l, 600)
	}
	return to.message("Your backup account was changed",
		"An administrator changed your backup account"+circumstances(where, at)+":",
		strings.Join(text, "\n"),
		"If you did not expect this, tell those who look after the computers of your institution.")
}

// KeyReleased tells that the key to a person's files left the key store: to the person,
// or to an administrator (by is that person's name), who gave a reason.
func KeyReleased(to Person, by, reason, where string, at time.Time) Message {
	what, reason := "The key to your files was released to you", oneLine(reason, 500)
	if by = oneLine(by, 100); by != "" {
		what = "The key to your files was released to the administrator " + by
	}
	if reason != "" {
		reason = "The reason given: " + reason
	}
	return to.message("The key to your backed-up files was released",
		what+circumstances(where, at)+". Whoever has it and access to your account can read your backed-up files. The release is in the log of the key store.",
		reason,
		notYou)
}

// ComputerReplaced tells that a new computer took the place of an old one.
func ComputerReplaced(to Person, previous, computer, where string, at time.Time) Message {
	previous, computer = named(previous), named(computer)
	return to.message("A computer of your account was replaced",
		fmt.Sprintf("%s took the place of %s%s. %s does not back up any more. Its backed-up files stay, and can be got back on the new one.",
			computer, previous, circumstances(where, at), previous),
		notYou)
}

// NewComputer tells that a computer was added to the account.
func NewComputer(to Person, computer, where string, at time.Time) Message {
	return to.message("A computer was added to your account",
		named(computer)+" was added to your backup account"+circumstances(where, at)+". It can get files of all your computers back.",
		notYou)
}

// LentSeatEnded tells that a computer did not take the place of another one in the time
// that it had for it, so that it backs up no more.
func LentSeatEnded(to Person, computer string, at time.Time) Message {
	computer = named(computer)
	return to.message("A computer of your account does not back up any more",
		computer+" was let in beside the other computers of your account so that it could take the place of one of them, for which computers have 30 days. That time is over, or another computer was let in for it, so "+computer+" has stopped backing up"+circumstances("", at)+".",
		"What it stored is kept for 60 days, and your other computers go on.",
		"Finish \"Replace Device\" on it, and it goes on in the place of the other computer with all that is stored. To keep both, remove a computer that you do not use any more, or ask your administrators for another seat; then bring it back on the page of your computers.")
}

// RemovalEnded tells what a computer removed from the backup in a run for which its
// person had signed in, and until when that can come back.
func RemovalEnded(to Person, computer, what, where, id string, at, until time.Time) Message {
	return to.message("Old versions were removed from your backup",
		capital(named(computer))+" freed space in your backup"+circumstances(where, at)+". It removed "+what+", which your settings for versions no longer keep.",
		"Until "+until.UTC().Format("2 January 2006")+" all of it can come back: ask your administrators, and give them the number of this removal:",
		id,
		notYou)
}

// Thinned tells what was removed from the backup on the server itself, by the settings
// for versions that the person chose. That the key was released for it, by whom and why,
// stands in a letter of its own (KeyReleased).
func Thinned(to Person, what, id string, until time.Time) Message {
	return to.message("Old versions were removed from your backup",
		"Your institution freed space in your backup. It removed "+what+", which the settings for versions on your computers no longer keep.",
		"Until "+until.UTC().Format("2 January 2006")+" all of it can come back: ask your administrators, and give them the number of this removal:",
		id,
		notChosen)
}

// RemovalStopped tells that such a run was stopped because far more would go than usual.
func RemovalStopped(to Person, computer, why, what, where, id string, at time.Time) Message {
	by, end := "", notYou
	if computer == TheServer {
		by, end = ", by the settings for versions on your computers,", notChosen
	}
	return to.message("A removal from your backup was stopped",
		capital(named(computer))+" was about to remove much more from your backup than usual"+by+circumstances(where, at)+", so the server stopped it: "+why+". Until then it removed "+what+", and nothing of it is lost. Backing up goes on.",
		"Your administrators were told. One of them lets the removal go on, or brings back what it took. Its number is:",
		id,
		end)
}

// notChosen is for removals on the server, for which nobody has signed in.
const notChosen = "If you did not choose these settings (Settings, Versions, on each computer), tell those who look after the computers of your institution."

// RemovalAlert tells an administrator of the same.
func RemovalAlert(to Person, account, why, what, id string, at time.Time) Message {
	return to.message("A removal from a backup was stopped and waits for you",
		"Much more than usual was about to be removed from the backup of "+oneLine(account, 254)+circumstances("", at)+", so the server stopped it: "+why+". Until then "+what+" went into the hold, from which it can come back. Until you decide, nothing more is removed from this account; backing up goes on.",
		"Ask the person whether they wanted this. It may be a large folder that they took out of the backup, or somebody who means harm. Then, on the server, let it go on, end it, or bring back what it took:",
		"holdfast-server removal allow "+id+"\nholdfast-server removal refuse "+id+"\nholdfast-server removal undo "+id)
}

// RemovalDecided tells a person what an administrator did about a removal, and what
// that means.
func RemovalDecided(to Person, computer, what, next, id string) Message {
	return to.message("A removal from your backup: an administrator has decided",
		"An administrator looked at the removal "+id+", in which "+named(computer)+" freed space in your backup, and "+what+". "+next)
}

// TheServer stands in the place of a computer's name in letters about what was done on
// the server itself. No computer can have this name.
const TheServer = "\x00server"

func named(computer string) string {
	if computer == TheServer {
		return "your institution's server"
	}
	if computer = oneLine(computer, 100); computer != "" {
		return "\u201c" + computer + "\u201d"
	}
	return "a computer"
}

// capital begins a sentence with these words.
func capital(words string) string {
	first, size := utf8.DecodeRuneInString(words)
	return string(unicode.ToUpper(first)) + words[size:]
}

func circumstances(where string, at time.Time) string {
	text := ""
	if !at.IsZero() {
		text = " on " + at.UTC().Format("2 January 2006 at 15:04 UTC")
	}
	if where = oneLine(where, 200); where != "" {
		text += " from " + where
	}
	return text
}

// unprintable says that a character does not belong into a line: control characters,
// and those that hide or turn the direction of writing.
func unprintable(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
}
