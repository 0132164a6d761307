package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
	formats "github.com/grapevine-network/grapevine/learning/format"
	"github.com/grapevine-network/grapevine/learning/model"
	"github.com/grapevine-network/grapevine/node"
)

// exportReport is the data of `model export -o json`.
type exportReport struct {
	File   string `json:"file"`
	Format string `json:"format"`
	Bytes  int    `json:"bytes"`
	Anchor string `json:"anchor"`
	Height uint64 `json:"height"`
	Params uint64 `json:"params"`
}

func modelExportCommand(p *printer, at *place) *cobra.Command {
	var kind, out string
	cmd := &cobra.Command{
		Use:   "export --out FILE",
		Short: "Write the newest model for other programs",
		Long: `Writes the newest certified model as a safetensors file, which PyTorch, JAX and
others read. Its metadata say where it comes from: topic, height, round and the CID
of the model. A weight is [inputs, outputs], the transpose of PyTorch's.`,
		Example: `  grapevine model export --out model.safetensors`,
		Args:    noArgs,
		RunE:    func(*cobra.Command, []string) error { return runExport(p, at, kind, out) },
	}
	cmd.Flags().StringVar(&kind, "format", "safetensors", "safetensors")
	outFlag(cmd, &out)
	return cmd
}

func runExport(p *printer, at *place, kind, out string) error {
	if kind != "safetensors" {
		return usage(fmt.Sprintf("--format %q: want safetensors", kind), "")
	}
	if err := checkOut(out); err != nil {
		return err
	}
	r, _, err := replayHome(at, nil)
	if err != nil {
		return err
	}
	net, _, weights, err := newestModel(r)
	if err != nil {
		return err
	}
	a := r.Replica
	metadata := map[string]string{
		"topic": a.Topic.String(), "name": a.Manifest.Name, "model": a.Manifest.Learning.Model, "anchor": a.State.Anchor().String(),
		"height": strconv.FormatUint(a.Head.Height, 10), "rounds": strconv.FormatUint(a.State.Round.Number, 10), "schema": a.Manifest.Learning.Schema,
	}
	var size counting
	err = writeOut(out, func(w io.Writer) error {
		return formats.WriteSafetensors(io.MultiWriter(w, &size), net.Shape(), weights, metadata)
	})
	if err != nil {
		return err
	}
	data := exportReport{out, kind, int(size), a.State.Anchor().String(), a.Head.Height, a.Manifest.Learning.Params()}
	return p.answer(data, func(w io.Writer) {
		fmt.Fprintf(w, "%s: %d parameters, %d bytes, model of height %d\n", data.File, data.Params, data.Bytes, data.Height)
	})
}

// newestModel is the model of a replayed ledger, as floats, and what it reads.
func newestModel(r *node.Report) (model.Model, dataset.Schema, learning.Vector, error) {
	net, schema, err := node.ModelOf(r.Replica.Manifest)
	weights := make(learning.Vector, len(r.Replica.Anchor()))
	learning.FromAnchor(weights, r.Replica.Anchor())
	return net, schema, weights, err
}

// prediction is one row of `model predict -o json`.
type prediction struct {
	Row           int       `json:"row"` // from 1
	Class         string    `json:"class"`
	Probability   float32   `json:"probability"`
	Probabilities []float32 `json:"probabilities"` // in the order of the topic's classes
}

type predictReport struct {
	Anchor  string       `json:"anchor"`
	Height  uint64       `json:"height"`
	Classes []string     `json:"classes"`
	Rows    []prediction `json:"rows"`
}

func modelPredictCommand(p *printer, at *place) *cobra.Command {
	var data string
	cmd := &cobra.Command{
		Use:   "predict --data FILE",
		Short: "Predict the class of each row of a table",
		Long: `Predicts the class of each row of a table with the newest certified model. The
label column may be missing, and is not looked at. Output: the class and its
probability, a line for each row.`,
		Example: `  grapevine model predict --data csv:new-patients.csv`,
		Args:    noArgs,
		RunE:    func(*cobra.Command, []string) error { return runPredict(p, at, data) },
	}
	cmd.Flags().StringVar(&data, "data", "", "the table: "+tables+" (required)")
	return cmd
}

func runPredict(p *printer, at *place, data string) error {
	from, err := parseSource("--data", data)
	if err != nil || from.isImages() || from.kind == "text" {
		return usage(fmt.Sprintf("--data %q: want %s", data, tables), "example: grapevine model predict --data csv:new.csv")
	}
	r, _, err := replayHome(at, nil)
	if err != nil {
		return err
	}
	net, schema, weights, err := newestModel(r)
	if err != nil {
		return err
	}
	samples, err := unlabelled(schema, from)
	if err != nil {
		return unfit(data, schema, err)
	}
	report := predictReport{r.Replica.State.Anchor().String(), r.Replica.Head.Height, schema.Classes, predict(net, weights, samples, schema.Classes)}
	return p.answer(report, func(w io.Writer) {
		for _, x := range report.Rows {
			fmt.Fprintf(w, "%s\t%.4f\n", x.Class, x.Probability)
		}
	})
}

// unlabelled reads rows whose class nobody knows.
func unlabelled(s dataset.Schema, from source) (learning.Samples, error) {
	if s.Kind != dataset.TableKind {
		return learning.Samples{}, fmt.Errorf("the topic learns from %s, not from a table", s.Kind)
	}
	t, err := from.table()
	if err != nil {
		return learning.Samples{}, err
	}
	const unknown = "class, to be predicted" // a name that no column of the topic has
	s.Label, t.Header = unknown, append(slices.Clone(t.Header), unknown)
	for i, row := range t.Rows {
		t.Rows[i] = append(slices.Clone(row), s.Classes[0])
	}
	return s.Load(t)
}

func predict(net model.Model, weights learning.Vector, samples learning.Samples, classes []string) []prediction {
	space := net.Workspace()
	out := make([]prediction, samples.Len())
	for i := range out {
		p := make([]float32, len(classes))
		net.Probabilities(p, weights, samples.Row(i), space)
		top := slices.Index(p, slices.Max(p))
		out[i] = prediction{i + 1, classes[max(top, 0)], p[max(top, 0)], p}
	}
	return out
}
