package grant

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.IntRange(0, 9), 0, 12).Draw(t, "list")
		var seen seen[int]
		for i, k := range list {
			if got, want := seen.add(k), slices.Index(list[:i], k); got != want {
				t.Fatalf("%d of %v stands at %d, want %d", i, list, got, want)
			}
		}
	})
}
