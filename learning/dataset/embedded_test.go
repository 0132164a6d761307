package dataset

import "testing"

func TestTheEmbeddedSetsAreWhole(t *testing.T) {
	train, test, err := Digits8x8()
	if err != nil || train.Len()+test.Len() != 1797 || train.Inputs != 64 || train.Classes != 10 || test.Len() != 359 {
		t.Errorf("digits: got %d + %d samples of %d inputs, %v", train.Len(), test.Len(), train.Inputs, err)
	}
	for _, x := range train.X {
		if x < 0 || x > 1 {
			t.Fatalf("digits: a pixel of %g", x)
		}
	}
	if _, err := Images(10, 8, 8).Fit(train); err != nil {
		t.Error(err)
	}
	tumours, err := WDBC()
	if err != nil {
		t.Fatal(err)
	}
	benign := 0
	for _, y := range load(t, infer(t, tumours), tumours).Y {
		benign += int(y)
	}
	if len(tumours.Rows) != 569 || len(tumours.Header) != 31 || benign != 357 {
		t.Errorf("wdbc: got %d rows of %d columns, %d benign", len(tumours.Rows), len(tumours.Header), benign)
	}
}
