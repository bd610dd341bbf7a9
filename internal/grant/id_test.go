package grant

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"
)

// An id is what the expression of the contract takes.
func TestIsID(t *testing.T) {
	slug := regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringOfN(rapid.RuneFrom([]rune("a0z9-")), 0, 65, -1), rapid.StringOfN(rapid.RuneFrom([]rune("a-_A\n")), 0, 4, -1)).Draw(t, "id")
		if isID(s) != slug.MatchString(s) {
			t.Errorf("%q is taken for an id, or not: %v", s, isID(s))
		}
	})
}
