// Package authn tells who a bearer token stands for: it makes and hashes the secrets of tokens, and checks the tokens of an identity provider.
//
// It may not know where a token came from or what its bearer asks for: no gRPC, no HTTP handlers, no messages, no store.
package authn

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
)

// prefix marks a secret as Tandem's, so that people and the scanners of code hosts know one when they see one.
const prefix = "tdm_"

// secretBytes is the length of a secret: 256 bits, so that a plain hash is enough to keep it and guessing is hopeless.
const secretBytes = 32

// NewSecret makes the secret of a token: "tdm_" and 256 bits of random in hexadecimal. It panics if random fails, since no secret is better than a weak one.
func NewSecret(random io.Reader) string {
	var b [secretBytes]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		panic(fmt.Sprintf("authn: the source of randomness failed: %v", err))
	}
	return prefix + hex.EncodeToString(b[:])
}

// Hash is what is kept of a secret: its SHA-256 in hexadecimal.
func Hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
