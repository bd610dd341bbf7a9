// Package adversary asks everything that a principal can ask of two worlds that differ in nothing but what is hidden from it, and wants the same answers, byte for byte, after the
// same calls of the store. It holds tests only.
//
// world_test.go makes the worlds, catalogue_test.go has the questions: a new method of the contract needs a line there, or the test fails. adversary_test.go asks and compares.
package adversary
