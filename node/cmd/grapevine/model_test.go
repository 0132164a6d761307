package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestTheModelIsMeasuredOnTheTopicsTerms(t *testing.T) {
	dir, h := aHome(t)
	file := filepath.Join(t.TempDir(), "bells.csv")
	text := bells(300)
	// The same table with columns and classes in another order, one column more
	// and another name for the class.
	var turned strings.Builder
	turned.WriteString("kind,extra,y,x\n")
	lines := strings.Split(strings.TrimSpace(text), "\n")[1:]
	for i := range lines {
		c := strings.Split(lines[len(lines)-1-i], ",")
		turned.WriteString(c[2] + ",7," + c[1] + "," + c[0] + "\n")
	}
	put(t, file, []byte(text))
	other := filepath.Join(filepath.Dir(file), "turned.csv")
	put(t, other, []byte(turned.String()))

	e := answer[evalReport](t, "model", "eval", "--data", "csv:"+file, "--home", dir)
	if e.Samples != 300 || e.Part != "all" || e.Anchor != h.report.Anchor || e.Accuracy < 0.8 || e.AUC == nil || *e.AUC < 0.85 || e.Loss <= 0 {
		t.Errorf("got %+v", e)
	}
	same := answer[evalReport](t, "model", "eval", "--data", "csv:"+other, "--label", "kind", "--home", dir)
	if same.Accuracy != e.Accuracy || same.Balanced != e.Balanced || *same.AUC != *e.AUC {
		t.Errorf("the same samples in another order: %+v, want %+v", same, e)
	}
	if o := grapevine("model", "eval", "--data", "csv:"+file, "--home", dir); o.code != codeOK || !strings.Contains(o.out, "accuracy") {
		t.Errorf("as text: %+v", o)
	}
}

func TestRowsForTestingAreUsedIfTheTableNamesThem(t *testing.T) {
	dir, _ := aHome(t)
	file := filepath.Join(t.TempDir(), "split.csv")
	put(t, file, []byte("x,y,side,split\n1,1,left,train\n1,0,right,test\n-1,0,left,test\n"))
	if e := answer[evalReport](t, "model", "eval", "--data", "csv:"+file, "--home", dir); e.Samples != 2 || e.Part != "test" {
		t.Errorf("got %+v, want the two rows for testing", e)
	}
}

func TestDataThatDoNotFitAreRefusedByName(t *testing.T) {
	dir, _ := aHome(t)
	file := filepath.Join(t.TempDir(), "data.csv")
	for table, want := range map[string]string{
		"x,side\n1,left\n":        `no column "y"`,
		"x,y\n1,1\n":              `no column "side"`,
		"x,y,side\n1,much,left\n": `column "y" holds "much"`,
		"x,y,side\n1,1,middle\n":  `label "middle"`,
	} {
		put(t, file, []byte(table))
		f := refused(t, codeFailed, "model", "eval", "--data", "csv:"+file, "--home", dir)
		if !strings.Contains(f.Message, want) || !strings.Contains(f.Hint, "side") {
			t.Errorf("%q: got %+v, want %q", table, f, want)
		}
	}
}
