// Package search finds grants and organisations by words, and grants that are likely the same as another. It works on an Index, an immutable picture in memory of the names, numbers and
// figures of one revision, which the changes of the next move forward.
//
// Ranks and scores are functions of what is asked and of one record, or of two, and of the registry; never of how many others there are. So pages stay right while others write, and a
// new grant changes no score between two old ones.
//
// It may not know contexts, clocks, logs, stores or messages, nor who asks: what a principal may see is for the caller to say.
package search
