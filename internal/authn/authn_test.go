package authn

import (
	"crypto/rand"
	"regexp"
	"testing"
)

func TestSecret(t *testing.T) {
	a, b := NewSecret(rand.Reader), NewSecret(rand.Reader)
	if !regexp.MustCompile(`^tdm_[0-9a-f]{64}$`).MatchString(a) {
		t.Errorf("the secret is %q, want tdm_ and 256 bits in hexadecimal", a)
	}
	if a == b {
		t.Error("two secrets are the same")
	}
}

func TestHash(t *testing.T) {
	// The check value of FIPS 180-2.
	if got := Hash("abc"); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("Hash(abc) = %s", got)
	}
}
