// Package exchange is the shape in which files of other systems reach the ledger and leave it. Each format has a room of its own below this one.
//
// It is for values. It may not know how records are stored, nor who asks for them.
package exchange
