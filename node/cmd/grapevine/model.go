package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/learning/model"
	"github.com/grapevine-network/grapevine/node"
)

// evalReport is the data of `model eval -o json`.
type evalReport struct {
	Anchor   string   `json:"anchor"`
	Height   uint64   `json:"height"`
	Rounds   uint64   `json:"rounds"` // settled before
	Model    string   `json:"model"`
	Data     string   `json:"data"`
	Part     string   `json:"part"` // of the data: all, test or train
	Samples  int      `json:"samples"`
	Accuracy float64  `json:"accuracy"`
	Balanced float64  `json:"balanced_accuracy"`
	Loss     float64  `json:"loss"`               // mean cross-entropy, nats
	AUC      *float64 `json:"auc"`                // null unless there are two classes and samples of both
	Bits     *float64 `json:"bits_per_character"` // null unless the topic learns from text
}

// evalFlags are the flags of `model eval`.
type evalFlags struct{ data, label string }

func modelCommand(p *printer) *cobra.Command {
	var at place
	cmd := group("model", "Look at the model of a topic")
	at.register(cmd)
	cmd.AddCommand(modelEvalCommand(p, &at), modelPredictCommand(p, &at), modelExportCommand(p, &at), modelLineageCommand(p, &at))
	return cmd
}

func modelEvalCommand(p *printer, at *place) *cobra.Command {
	var f evalFlags
	cmd := &cobra.Command{
		Use:   "eval --data DATA",
		Short: "Measure the newest model on data",
		Long: `Measures the newest certified model on data of the topic's schema: accuracy, mean
accuracy over the classes, loss, the area under the ROC curve if there are two
classes, and bits per character of a text. Means, categories and the order of
classes are the topic's.

Of data that brings its own split, the part for testing is used: the test files
of an IDX folder, the rows of a table whose column "split" says test.`,
		Example: `  grapevine model eval --home ./demo/peer-01 --data mnist
  grapevine model eval --data csv:patients.csv --label outcome`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return runEval(p, at, f) },
	}
	cmd.Flags().StringVar(&f.data, "data", "", sources)
	cmd.Flags().StringVar(&f.label, "label", "", "the column of a table with the class (default: as the topic calls it)")
	return cmd
}

func runEval(p *printer, at *place, f evalFlags) error {
	from, err := parseSource("--data", f.data)
	if err != nil {
		return err
	}
	r, _, err := replayHome(at, nil)
	if err != nil {
		return err
	}
	a := r.Replica
	net, schema, err := node.ModelOf(a.Manifest)
	if err != nil {
		return err
	}
	samples, part, err := f.load(schema, from)
	if err != nil {
		return f.unfit(schema, err)
	}
	weights := make(learning.Vector, len(a.Anchor()))
	learning.FromAnchor(weights, a.Anchor())
	m, err := model.Evaluate(net, weights, samples)
	if err != nil {
		return err
	}
	data := &evalReport{
		Anchor: a.State.Anchor().String(), Height: a.Head.Height, Rounds: a.State.Round.Number, Model: a.Manifest.Learning.Model,
		Data: f.data, Part: part, Samples: samples.Len(), Accuracy: m.Accuracy, Balanced: m.BalancedAccuracy, Loss: m.Loss,
	}
	data.AUC, data.Bits = onlyIfThere(m, schema)
	return p.answer(data, data.print)
}

// onlyIfThere are the figures that not every model has: the area under the ROC
// curve and the bits per character.
func onlyIfThere(m model.Report, s dataset.Schema) (auc, bits *float64) {
	if !math.IsNaN(m.AUC) {
		auc = &m.AUC
	}
	if s.Kind == dataset.TextKind {
		b := m.Bits()
		bits = &b
	}
	return auc, bits
}

// unfit says which data the topic takes, if there were any.
func (f evalFlags) unfit(s dataset.Schema, err error) error {
	out := &failure{code: codeFailed, err: fmt.Errorf("--data %s: %w", f.data, err)}
	if !errors.Is(err, fs.ErrNotExist) {
		out.hint = wants(s)
	}
	return out
}

// load reads the data as samples of the topic, and tells which part of them.
func (f evalFlags) load(s dataset.Schema, from source) (samples learning.Samples, part string, err error) {
	if !from.isImages() {
		return f.loadTable(s, from)
	}
	_, train, test, err := from.images()
	if err != nil {
		return samples, "", err
	}
	if part = "test"; test.Len() == 0 {
		test, part = train, "train"
	}
	samples, err = fit(s, test)
	return samples, part, err
}

func (f evalFlags) loadTable(s dataset.Schema, from source) (samples learning.Samples, part string, err error) {
	t, err := from.table()
	if err != nil {
		return samples, "", err
	}
	if f.label != "" {
		s.Label = f.label
	}
	_, test, own, err := parts(t, s)
	if err != nil {
		return samples, "", err
	}
	samples, err = s.Load(test)
	return samples, map[bool]string{true: "test", false: "all"}[own], err
}

// wants says which data the topic takes.
func wants(s dataset.Schema) string {
	if s.Kind == dataset.ImageKind {
		return fmt.Sprintf("the topic learns from images of %d × %d pixels in %d classes", s.Shape[0], s.Shape[1], len(s.Classes))
	}
	if s.Kind == dataset.TextKind {
		return fmt.Sprintf("the topic learns from text: each of %d characters from the %d before it", len(s.Classes), s.Shape[0])
	}
	names := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		names[i] = c.Name
	}
	return fmt.Sprintf("the topic learns %q (%s) from the columns %s; if the class has another name in your file, give --label",
		s.Label, strings.Join(s.Classes, ", "), strings.Join(names, ", "))
}

func (e *evalReport) print(w io.Writer) {
	fmt.Fprintf(w, "model %s after %s, height %d\n", e.Model, many(int(e.Rounds), "round"), e.Height)
	fmt.Fprintf(w, "anchor %s\n", e.Anchor)
	fmt.Fprintf(w, "on %d samples: %s (%s)\n\n", e.Samples, e.Data, e.Part)
	fmt.Fprintf(w, "  accuracy           %.4f\n", e.Accuracy)
	fmt.Fprintf(w, "  balanced accuracy  %.4f\n", e.Balanced)
	fmt.Fprintf(w, "  loss               %.4f\n", e.Loss)
	if e.AUC != nil {
		fmt.Fprintf(w, "  AUC                %.4f\n", *e.AUC)
	}
	if e.Bits != nil {
		fmt.Fprintf(w, "  bits per character %.4f\n", *e.Bits)
	}
}
