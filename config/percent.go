package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Percent is a share of a whole from 0% to 100%, in millionths: whole numbers,
// so that a comparison is exact. In a config it is text such as 20% or 0.5%,
// or 0.
type Percent int64

// OnePercent is the unit: 20 * OnePercent is 20%.
const OnePercent Percent = 10_000

// percentPattern is the text form of a share, for the JSON Schema too. Only 0
// needs no sign: 20 could be a count, and 0.2 either 20% or 0.2%.
const percentPattern = `^0$|^([0-9]{1,3})(?:\.([0-9]{1,4}))? ?%$`

var percentExpr = regexp.MustCompile(percentPattern)

// ParsePercent reads a share such as 20%, 0.5% or 0. It fails on anything else,
// on shares above 100%, and on more than four decimals.
func ParsePercent(s string) (Percent, error) {
	if m := percentExpr.FindStringSubmatch(s); m != nil {
		millionths := m[1] + (m[2] + "0000")[:4]
		if n, err := strconv.ParseInt(millionths, 10, 64); err == nil && Percent(n) <= 100*OnePercent {
			return Percent(n), nil
		}
	}
	return 0, fmt.Errorf("%q is no share: write 0%% to 100%%, with at most four decimals", clip(s))
}

// String is the share with as many decimals as it needs, such as 0.5%.
func (p Percent) String() string {
	whole, rest := p/OnePercent, p%OnePercent
	if rest == 0 {
		return fmt.Sprintf("%d%%", whole)
	}
	return fmt.Sprintf("%d.%s%%", whole, strings.TrimRight(fmt.Sprintf("%04d", rest), "0"))
}

// MarshalText writes the share as String does.
func (p Percent) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// ExceededBy reports whether part is strictly more than the share p of whole.
// Of an empty whole, anything is more. Both are counts of at most 9 trillion.
func (p Percent) ExceededBy(part, whole int) bool {
	return int64(part)*int64(100*OnePercent) > int64(whole)*int64(p)
}

// percentHint says how to write a number that lacks its sign. Below 1 it may be
// a fraction of the whole or of a hundred.
func percentHint(number string) string {
	p, err := ParsePercent(number + "%")
	switch {
	case err != nil:
		return ""
	case p < OnePercent:
		return fmt.Sprintf("write %v, or %v", 100*p, p)
	}
	return fmt.Sprintf("write %v", p)
}
