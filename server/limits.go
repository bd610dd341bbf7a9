package server

import (
	"math"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// retryAfterKey is the metadata, and the HTTP header, that says in how many seconds to try again.
const retryAfterKey = "retry-after"

// maxTracked is how many principals are tracked in a generation. Beyond it those that have not called for a while are forgotten, and start afresh.
const maxTracked = 10_000

// limiter limits how often each principal may call. It forgets in generations, so that it never holds more than two of them.
type limiter struct {
	rate     rate.Limit
	burst    int
	mu       sync.Mutex
	now, old map[string]*rate.Limiter
}

// newLimiter makes a limiter for so many calls per second, or nil, which limits nothing, for 0.
func newLimiter(perSecond float64) *limiter {
	if perSecond <= 0 {
		return nil
	}
	return &limiter{rate: rate.Limit(perSecond), burst: max(1, int(math.Ceil(2*perSecond))), now: make(map[string]*rate.Limiter)}
}

// wait takes a call of a principal into account and returns 0, or returns how long to wait if there were too many.
func (l *limiter) wait(principal string, at time.Time) time.Duration {
	if l == nil {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.now[principal]
	if one == nil {
		if one = l.old[principal]; one == nil {
			one = rate.NewLimiter(l.rate, l.burst)
		}
		if len(l.now) == maxTracked {
			l.old, l.now = l.now, make(map[string]*rate.Limiter)
		}
		l.now[principal] = one
	}
	r := one.ReserveN(at, 1)
	wait := r.DelayFrom(at)
	if wait > 0 {
		r.CancelAt(at)
	}
	return wait
}

// seconds writes a duration as whole seconds, at least one.
func seconds(d time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(d.Seconds()))))
}
