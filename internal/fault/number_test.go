package fault_test

import (
	"testing"

	"github.com/allmep/tandem/internal/fault"
)

func TestNumber(t *testing.T) {
	for n, want := range map[int]string{0: "0 grants are", 1: "1 grant is", 2: "2 grants are"} {
		if got := fault.Number(n, "grant") + " " + fault.Are(n); got != want {
			t.Errorf("found %q, want %q", got, want)
		}
	}
}
