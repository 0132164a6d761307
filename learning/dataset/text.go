package dataset

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/grapevine-network/grapevine/learning"
)

const (
	// SpeakerColumn is the column of ReadText that says whose words a row holds.
	SpeakerColumn = "speaker"
	textColumn    = "text"

	maxContext = 256
	maxSpeaker = 64 // bytes of a name

	// unknown is the class of characters that are not in the vocabulary, and of
	// the places before a text begins.
	unknown = string(utf8.RuneError)
)

// ReadText reads a UTF-8 text, gzipped or not, as a table of two columns: who
// speaks, and what. A paragraph whose first line is a name and a colon is a
// speech of that name, as in a play; others go on with the speech before. What
// comes before the first name, or all of a text without names, is nobody's.
func ReadText(path string) (Table, error) {
	f, err := os.Open(path)
	if err != nil {
		return Table{}, fmt.Errorf("read text: %w", err) // names the file
	}
	defer f.Close() // read only
	data, err := readAll(f)
	if err != nil {
		return Table{}, fmt.Errorf("read text %s: %w", path, err)
	}
	t, err := parseText(string(data))
	if err != nil {
		return Table{}, fmt.Errorf("read text %s: %w", path, err)
	}
	t.Name = path
	return t, nil
}

func parseText(text string) (Table, error) {
	t := Table{Header: []string{SpeakerColumn, textColumn}}
	if !utf8.ValidString(text) {
		return t, errors.New("not UTF-8 text; convert the file")
	}
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(text, "\ufeff"))
	speaker, line := "nobody", 1
	for p := range strings.SplitSeq(text, "\n\n") {
		at := line + strings.Count(p[:len(p)-len(strings.TrimLeft(p, "\n"))], "\n")
		line += strings.Count(p, "\n") + 2
		p = strings.TrimSpace(p)
		if name, words, is := strings.Cut(p+"\n", ":\n"); is && len(name) <= maxSpeaker && !strings.Contains(name, "\n") {
			speaker, p = strings.TrimSpace(name), strings.TrimSpace(words)
		}
		if p != "" {
			t.Rows, t.lines = append(t.Rows, []string{speaker, p}), append(t.lines, at)
		}
	}
	if len(t.Rows) == 0 {
		return t, errors.New("the file is empty")
	}
	return t, nil
}

// InferText makes the schema of a model that tells each character of the column
// "text" from those before it, context of them. Its classes are the characters:
// first one for those that nobody has in t, or that are too rare to be among the
// 255 most frequent, then the others in order of their code points.
func InferText(t Table, context int) (Schema, error) {
	c, err := t.index(textColumn)
	if err != nil {
		return Schema{}, fmt.Errorf("infer schema: %w", err)
	}
	count := map[rune]int{}
	for _, row := range t.Rows {
		for _, r := range row[c] {
			count[r]++
		}
	}
	delete(count, utf8.RuneError)
	var runes []rune
	for r := range count {
		runes = append(runes, r)
	}
	slices.SortFunc(runes, func(a, b rune) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
	runes = runes[:min(len(runes), maxClasses-1)]
	slices.Sort(runes)
	s := Schema{Kind: TextKind, Label: textColumn, Classes: []string{unknown}, Shape: []int{context}}
	for _, r := range runes {
		s.Classes = append(s.Classes, string(r))
	}
	if err := s.validate(); err != nil {
		return Schema{}, fmt.Errorf("infer schema: %w", t.fault("%w", err))
	}
	return s, nil
}

func (s Schema) validateText() error {
	if s.Columns != nil {
		return errors.New("a text has no columns")
	}
	if err := names("text column", []string{s.Label}, 1, 1); err != nil {
		return err
	}
	if len(s.Shape) != 1 || s.Shape[0] < 1 || s.Shape[0] > maxContext {
		return fmt.Errorf("shape %v, want a context of 1 to %d characters", s.Shape, maxContext)
	}
	if s.Classes[0] != unknown {
		return fmt.Errorf("the first class is %q, want %q for unknown characters", s.Classes[0], unknown)
	}
	for _, c := range s.Classes {
		if utf8.RuneCountInString(c) != 1 {
			return fmt.Errorf("class %.40q is not one character", c)
		}
	}
	return nil
}

// loadText makes a sample of every character of every row. What comes before a
// row's first character is unknown.
func (s Schema) loadText(t Table) (learning.Samples, error) {
	context := s.Shape[0]
	out := learning.Samples{Inputs: context, Classes: len(s.Classes)}
	c, err := t.index(s.Label)
	if err != nil {
		return out, err
	}
	total := 0
	for _, row := range t.Rows {
		total += utf8.RuneCountInString(row[c])
	}
	if int64(total)*int64(context) > maxValues {
		return out, t.fault("%d characters, each with %d before it, are too many; split the file", total, context)
	}
	class := make(map[rune]int32, len(s.Classes))
	for i, name := range s.Classes {
		r, _ := utf8.DecodeRuneInString(name)
		class[r] = int32(i)
	}
	out.X, out.Y = make([]float32, 0, total*context), make([]int32, 0, total)
	before := make([]float32, context)
	for _, row := range t.Rows {
		clear(before)
		for _, r := range row[c] {
			y := class[r] // 0 if unknown
			out.X, out.Y = append(out.X, before...), append(out.Y, y)
			copy(before, before[1:])
			before[context-1] = float32(y)
		}
	}
	return out, nil
}

// Owners returns the cell in a column for each sample that Load makes of t: one a
// row, but of a text one a character.
func (s Schema) Owners(t Table, column string) ([]string, error) {
	cells, err := t.Column(column)
	if err != nil || s.Kind != TextKind {
		return cells, err
	}
	texts, err := t.Column(s.Label)
	if err != nil {
		return nil, err
	}
	var owners []string
	for i, text := range texts {
		for range utf8.RuneCountInString(text) {
			owners = append(owners, cells[i])
		}
	}
	return owners, nil
}

// Speakers numbers who speaks in each sample of a text: what is divided among
// peers instead of classes.
func (s Schema) Speakers(t Table) ([]int32, error) {
	owners, err := s.Owners(t, SpeakerColumn)
	return number32(owners), err
}
