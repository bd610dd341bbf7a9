// Package analysis answers who funds whom, for what, where and when. It works on a Snapshot, an immutable picture in memory of the grants as one revision left them, and is
// made of pure functions: values in, values out.
//
// It may not know contexts, clocks, logs, stores or messages. Where money or days are decided, the law is DESIGN's arithmetic, which the doc comments repeat in a sentence.
package analysis
