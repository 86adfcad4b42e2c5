package schema

import "strings"

// Repairs is the set of repair rules that were applied to a label.
type Repairs uint8

// The repair rules, in the order in which their names are joined.
const (
	RepairedAlias     Repairs = 1 << iota // an older code
	RepairedBracket                       // the brackets around it were mended
	RepairedCase                          // upper and lower case
	RepairedLayer                         // it stood in another layer's place
	RepairedPolarity                      // a polarity it does not take was left out
	RepairedSeparator                     // something other than a hyphen or comma
	RepairedSlip                          // one letter was wrong

	repairSets = 1 << 7
)

var repairCodes = [...]Code{
	RepairAlias, RepairBracket, RepairCase, RepairLayer, RepairPolarity, RepairSeparator, RepairSlip,
}

// names holds the text of every set, so that rows can share it.
var names = func() (all [repairSets]string) {
	for set := range all {
		var parts []string
		for _, code := range Repairs(set).Codes() {
			parts = append(parts, strings.TrimPrefix(code.String(), "repair-"))
		}
		all[set] = strings.Join(parts, "+")
	}
	return all
}()

// Codes are the diagnostic codes of the rules in the set.
func (r Repairs) Codes() []Code {
	var codes []Code
	for i, code := range repairCodes {
		if r&(1<<i) != 0 {
			codes = append(codes, code)
		}
	}
	return codes
}

// Name is the names of the rules joined by +, or nil for the empty set. The
// string is shared.
func (r Repairs) Name() *string {
	if r == 0 {
		return nil
	}
	return &names[r]
}
