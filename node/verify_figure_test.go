package node

import (
	"flag"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

var figureEntries = flag.Int("entries", 1000, "certified entries of the home whose verification is measured")

// TestVerificationInFigures prints how long Verify takes and how much memory, for a
// topic of 21 validators and 79 trainers with -entries, all signed with Ed25519:
//
//	go test ./node -run TestVerificationInFigures -entries 100000 -v
//
// It verifies in a process of its own, so that the memory is that of Verify.
func TestVerificationInFigures(t *testing.T) {
	if dir := os.Getenv("GRAPEVINE_VERIFY"); dir != "" {
		verifyInFigures(t, dir)
		return
	}
	m := newMint(t, t.TempDir(), 21, 79)
	for made := 0; made < *figureEntries; made += 2 * len(m.keys) {
		m.round()
	}
	m.close()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestVerificationInFigures$", "-test.v")
	cmd.Env = append(os.Environ(), "GRAPEVINE_VERIFY="+m.dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Logf("%s", out)
	t.Logf("processor time %.2f s, peak memory %s, of the whole process", (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), peak(cmd.ProcessState))
	if *figureEntries >= 100_000 && peakMiB(cmd.ProcessState) > 300 {
		t.Error("more than 300 MiB")
	}
}

func verifyInFigures(t *testing.T, dir string) {
	begin := time.Now()
	r, err := Verify(dir)
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(begin).Seconds()
	t.Logf("%d entries, %d blocks, %d rounds verified in %.2f s: %.0f entries a second", r.Entries, r.Replica.Head.Height, r.Replica.State.Round.Number, took, float64(r.Entries)/took)
}

func peak(s *os.ProcessState) string {
	if mib := peakMiB(s); mib > 0 {
		return strconv.FormatInt(mib, 10) + " MiB"
	}
	return "not known on this system"
}
