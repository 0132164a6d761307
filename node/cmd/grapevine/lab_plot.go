package main

import (
	"image/color"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"

	"github.com/grapevine-network/grapevine/node/sim/lab"
)

// draw plots accuracy by round and by payload, each as PNG and SVG.
func (f *labFlags) draw(r *lab.Report) error {
	if err := os.MkdirAll(f.plot, 0o755); err != nil {
		return err
	}
	byRound := func(c lab.Curve, i int) float64 { return float64(i + 1) }
	byBytes := func(c lab.Curve, i int) float64 { return c.Payload[i] }
	rounds, err := curves(r.Curves, "round", byRound)
	if err != nil {
		return err
	}
	bytes, err := curves(sending(r.Curves), "bytes of deltas or models that reached a peer", byBytes)
	if err != nil {
		return err
	}
	bytes.X.Scale, bytes.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	return saveAll(f.plot, map[string]*plot.Plot{"rounds": rounds, "bytes": bytes})
}

// sending leaves out who sends nothing.
func sending(all []lab.Curve) (out []lab.Curve) {
	for _, c := range all {
		if c.Payload[0] > 0 {
			out = append(out, c)
		}
	}
	return out
}

// curves plots mean accuracies over something, with the range over the seeds.
func curves(all []lab.Curve, label string, x func(c lab.Curve, i int) float64) (*plot.Plot, error) {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = label, "accuracy on the test part"
	p.Legend.XOffs, p.Legend.YOffs = -vg.Points(10), vg.Points(10)
	p.Add(plotter.NewGrid())
	for k, c := range all {
		var mean, band plotter.XYs
		for i, a := range c.Accuracy {
			mean = append(mean, plotter.XY{X: x(c, i), Y: a})
			band = append(band, plotter.XY{X: x(c, i), Y: c.High[i]})
		}
		for i := len(c.Low) - 1; i >= 0; i-- {
			band = append(band, plotter.XY{X: x(c, i), Y: c.Low[i]})
		}
		line, err := plotter.NewLine(mean)
		if err != nil {
			return nil, err
		}
		area, err := plotter.NewPolygon(band)
		if err != nil {
			return nil, err
		}
		line.Color, line.Width = plotutil.Color(k), vg.Points(1.5)
		area.Color, area.LineStyle.Width = faint(plotutil.Color(k)), 0
		p.Add(area, line)
		p.Legend.Add(c.Name, line)
	}
	return p, nil
}

// faint is a colour that lets others through.
func faint(c color.Color) color.Color {
	r, g, b, _ := c.RGBA()
	return color.NRGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 40}
}

func saveAll(dir string, plots map[string]*plot.Plot) error {
	for name, p := range plots {
		for _, format := range []string{".png", ".svg"} {
			if err := p.Save(7*vg.Inch, 4.5*vg.Inch, filepath.Join(dir, name+format)); err != nil {
				return err
			}
		}
	}
	return nil
}
