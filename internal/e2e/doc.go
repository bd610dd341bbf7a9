// Package e2e tests the built programs as their users meet them: over REST, over gRPC and on the command line, on every store, and through kill -9. It holds tests only.
package e2e
