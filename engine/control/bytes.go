package control

import (
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
)

// File names are bytes. encoding/json writes U+FFFD for a byte that is no UTF-8, and
// a file of that name would not be found any more; it also refuses a whole answer
// for one time beyond the year 9999, which a file's time may well be. So before a
// value is encoded its strings are made Unicode, reversibly, and its times are
// brought into the range. Nearly all values need neither and are left alone.
const (
	escapeBase  = 0x10FF00 // plus a byte from 0x80 on: the end of the last private plane
	escapeFirst = escapeBase + 0x80
)

// escapedPrefix begins the UTF-8 of every escaped byte.
var escapedPrefix = []byte("\xf4\x8f")

func escapes(r rune) bool { return r >= escapeFirst }

// plain says whether a string travels as it is.
func plain(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, escapes)
}

func toText(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 || escapes(r) {
			for _, c := range []byte(s[i : i+size]) {
				b.WriteRune(escapeBase + rune(c))
			}
		} else {
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

func fromText(s string) string {
	if !strings.ContainsFunc(s, escapes) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if escapes(r) {
			b.WriteByte(byte(r - escapeBase))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

var timeType = reflect.TypeFor[time.Time]()

func clamp(t time.Time) time.Time {
	switch t = t.UTC(); {
	case t.Year() > 9999:
		return time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC)
	case t.Year() < 0:
		return time.Date(0, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	return t
}

// edge says whether a time may be out of range in some zone.
func edge(t time.Time) bool { return t.Year() >= 9999 || t.Year() <= 0 }

// portable is v, or a copy of it whose strings and times JSON can carry.
func portable(v any) any {
	if v == nil || travels(reflect.ValueOf(v)) {
		return v
	}
	return mapped(reflect.ValueOf(v), toText, clamp).Interface()
}

// travels says whether all strings and times within can be carried as they are.
func travels(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String:
		return plain(v.String())
	case reflect.Pointer:
		return v.IsNil() || travels(v.Elem())
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return true
		}
		for i := range v.Len() {
			if !travels(v.Index(i)) {
				return false
			}
		}
	case reflect.Struct:
		if v.Type() == timeType {
			return !edge(v.Interface().(time.Time))
		}
		for i := range v.NumField() {
			if !travels(v.Field(i)) {
				return false
			}
		}
	}
	return true
}

// restore brings the strings below a pointer back to what they were.
func restore(pointer any) {
	v := reflect.ValueOf(pointer).Elem()
	v.Set(mapped(v, fromText, func(t time.Time) time.Time { return t }))
}

// mapped is a copy with every string and time changed. The types of package engine
// are made of exported fields, slices and pointers; a test holds them to that.
func mapped(v reflect.Value, text func(string) string, moment func(time.Time) time.Time) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	switch v.Kind() {
	case reflect.String:
		out.SetString(text(v.String()))
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(mapped(v.Elem(), text, moment))
		}
	case reflect.Slice:
		if v.IsNil() || v.Type().Elem().Kind() == reflect.Uint8 {
			break
		}
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(mapped(v.Index(i), text, moment))
		}
	case reflect.Struct:
		if v.Type() == timeType {
			out.Set(reflect.ValueOf(moment(v.Interface().(time.Time))))
			break
		}
		for i := range v.NumField() {
			out.Field(i).Set(mapped(v.Field(i), text, moment))
		}
	}
	return out
}
