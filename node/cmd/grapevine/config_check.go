package main

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// checkKeys refuses keys that nobody reads, and says which one may be meant.
func checkKeys(path string, text []byte, values map[string]any) error {
	return checkTable(path, text, "", values, reflect.TypeFor[config]())
}

func checkTable(path string, text []byte, above string, values map[string]any, t reflect.Type) error {
	known := map[string]reflect.Type{}
	for i := range t.NumField() {
		known[t.Field(i).Tag.Get("koanf")] = t.Field(i).Type
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		field, is := known[key]
		if !is {
			return unknownKey(path, text, above, key, slices.Sorted(maps.Keys(known)))
		}
		table, isTable := values[key].(map[string]any)
		switch {
		case !isTable:
		case field.Kind() == reflect.Struct:
			if err := checkTable(path, text, above+key+".", table, field); err != nil {
				return err
			}
		case field.Kind() == reflect.Map:
			for _, name := range slices.Sorted(maps.Keys(table)) {
				section, _ := table[name].(map[string]any)
				if err := checkTable(path, text, above+key+"."+name+".", section, field.Elem()); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func unknownKey(path string, text []byte, above, key string, known []string) error {
	f := &failure{code: codeFailed, err: fmt.Errorf("%s: unknown key %q", path, above+key), hint: "known keys: " + strings.Join(known, ", ")}
	if near := nearest(key, known); near != "" {
		f.hint = fmt.Sprintf("did you mean %q?", above+near)
	}
	for i, line := range strings.Split(string(text), "\n") {
		if name, _, is := strings.Cut(line, "="); is && strings.TrimSpace(name) == key || strings.TrimSpace(line) == "["+above+key+"]" {
			f.where = fmt.Sprintf("%s:%d", path, i+1)
			break
		}
	}
	return f
}

// nearest returns the word of a list that differs from word in two letters at
// most, or "".
func nearest(word string, list []string) string {
	best, at := "", 3
	for _, w := range list {
		if d := distance(word, w); d < at {
			best, at = w, d
		}
	}
	return best
}

// distance is Levenshtein's: letters to put in, take out or change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(row[j+1]+1, row[j]+1, change)
		}
	}
	return row[len(b)]
}
