package fault

import "strconv"

// Number is so many of what one of is called so: 1 grant, 2 grants.
func Number[N int | int32 | int64](n N, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(int(n)) + " " + one + "s"
}

// Are is the verb for so many.
func Are[N int | int32](n N) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
