// Package adversary asks everything that a principal can ask of two worlds that differ in nothing but what is hidden from it, and wants the same answers, byte for byte, after the
// same calls of the store. It holds tests only.
//
// stories_test.go has the records, telling_test.go what happens to them, disguise_test.go tells it again with all that is hidden changed, and world_test.go lets two worlds live through
// the two stories. catalogue_test.go has the questions, those that need a body in questions_test.go: a new method of the contract needs a line there, or the test fails.
// adversary_test.go asks and compares. More worlds: go test ./internal/e2e/adversary -rapid.checks=1000.
package adversary
