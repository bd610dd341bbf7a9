// Package ledger is what Tandem does: every use case, its permissions, and the one counter of revisions. It decides; the Store that it declares
// keeps, and the analysis reckons.
//
// All writes go through one goroutine. It takes the commands that wait, opens one transaction of the store, brings its picture of the records up
// to the newest revision, lets each command decide on that picture, appends one revision for each command that wrote something, and commits once.
// That is how a busy server makes many writes durable with one flush, and why a command can check whatever it likes and nothing comes between.
// Readers take the newest State through one atomic pointer and never wait.
//
// The package may not know SQL, gRPC, HTTP or the messages of the contract, and it reads no clock and makes no random numbers of its own.
package ledger
