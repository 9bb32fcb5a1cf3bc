package operations

import (
	"encoding"
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
	"unicode/utf8"
)

// How far values are followed into each other; they may hold themselves.
const (
	deepest  = 8
	mostKept = 1000
)

// cleanAny is a value without secrets, of what JSON has: texts, numbers, lists and
// tables. Errors and what writes itself as text are texts; of structs it is the
// exported fields, whose names are judged as those of attributes are.
func cleanAny(v any, s suspicion) (clean any) {
	defer func() {
		if recover() != nil { // a method of the value: logging must not end a request
			clean = "[a value that could not be written]"
		}
	}()
	w := walk{left: mostKept}
	return w.value(reflect.ValueOf(v), s, deepest)
}

type walk struct{ left int }

func (w *walk) value(v reflect.Value, s suspicion, depth int) any {
	w.left--
	if !v.IsValid() {
		return nil
	}
	if depth == 0 || w.left < 0 {
		return "…"
	}
	if text, ok := w.text(v); ok {
		return cleanText(text, s)
	}
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool()
	case reflect.String:
		return cleanText(v.String(), s)
	case reflect.Pointer, reflect.Interface:
		return w.value(v.Elem(), s, depth) // the value itself is one deeper, or is there already
	case reflect.Struct:
		return w.fields(v, s, depth-1)
	case reflect.Map:
		return w.table(v, s, depth-1)
	case reflect.Slice, reflect.Array:
		return w.list(v, s, depth-1)
	case reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return v.Type().String()
	}
	if number := fmt.Sprint(v.Interface()); s == secret || s == code && len(number) > 3 {
		return redacted
	}
	return v.Interface()
}

// text is what a value writes itself as.
func (w *walk) text(v reflect.Value) (string, bool) {
	if (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && v.IsNil() {
		return "", false
	}
	switch x := v.Interface().(type) {
	case *url.Userinfo, url.Userinfo:
		return redacted, true
	case slog.LogValuer:
		a := cleanAttr(slog.Any("", x), open)
		return a.Value.String(), true
	case error:
		return x.Error(), true
	case fmt.Stringer:
		return x.String(), true
	case encoding.TextMarshaler:
		b, err := x.MarshalText()
		return string(b), err == nil
	}
	return "", false
}

func (w *walk) fields(v reflect.Value, s suspicion, depth int) any {
	fields := map[string]any{}
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() {
			fields[f.Name] = w.value(v.Field(i), max(s, suspect(f.Name)), depth)
		}
	}
	return fields
}

func (w *walk) table(v reflect.Value, s suspicion, depth int) any {
	table := map[string]any{}
	for entries := v.MapRange(); entries.Next() && w.left > 0; {
		name := fmt.Sprint(w.value(entries.Key(), open, depth))
		table[name] = w.value(entries.Value(), max(s, suspect(name)), depth)
	}
	return table
}

// list is a list; bytes are a text or, since keys are bytes, only their number.
func (w *walk) list(v reflect.Value, s suspicion, depth int) any {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		if v.Kind() == reflect.Slice && utf8.Valid(v.Bytes()) {
			return cleanText(string(v.Bytes()), s)
		}
		return fmt.Sprintf("[%d bytes]", v.Len())
	}
	list := []any{}
	for i := 0; i < v.Len() && w.left > 0; i++ {
		list = append(list, w.value(v.Index(i), s, depth))
	}
	return list
}
