package config

import (
	"fmt"
	"regexp"
	"strconv"
)

// Bytes is a size in bytes. In a config it is a number, or text such as 64KiB,
// 32MiB or 1GiB; the units KB, MB and GB are powers of ten.
type Bytes int64

var units = []struct {
	suffix string
	factor int64
}{
	{"KiB", 1 << 10},
	{"MiB", 1 << 20},
	{"GiB", 1 << 30},
	{"KB", 1e3},
	{"MB", 1e6},
	{"GB", 1e9},
	{"B", 1},
}

// bytesPattern is the text form of a size, for the JSON Schema too.
const bytesPattern = `^([0-9]+) ?(KiB|MiB|GiB|KB|MB|GB|B)?$`

var bytesExpr = regexp.MustCompile(bytesPattern)

// ParseBytes reads a size such as 4096, 64KiB or 32 MiB. It fails on anything
// else, and on sizes of 4 EiB and more.
func ParseBytes(s string) (Bytes, error) {
	if m := bytesExpr.FindStringSubmatch(s); m != nil {
		factor := int64(1)
		for _, u := range units {
			if u.suffix == m[2] {
				factor = u.factor
			}
		}
		if n, err := strconv.ParseInt(m[1], 10, 64); err == nil && n <= (1<<62)/factor {
			return Bytes(n * factor), nil
		}
	}
	return 0, fmt.Errorf("%q is no size: write a whole number of bytes, or one with KiB, MiB or GiB", clip(s))
}

// String is the size in the largest binary unit that divides it.
func (b Bytes) String() string {
	for i := 2; i >= 0; i-- {
		if u := units[i]; b != 0 && int64(b)%u.factor == 0 {
			return strconv.FormatInt(int64(b)/u.factor, 10) + u.suffix
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// MarshalText writes the size as String does.
func (b Bytes) MarshalText() ([]byte, error) { return []byte(b.String()), nil }
