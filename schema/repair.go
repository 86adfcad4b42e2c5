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

// repairs holds the codes and the text of every set, so that all can share them.
var repairs = func() (all [repairSets]struct {
	codes []Code
	name  string
},
) {
	for set := range all {
		var parts []string
		for i, code := range repairCodes {
			if set&(1<<i) != 0 {
				all[set].codes = append(all[set].codes, code)
				parts = append(parts, strings.TrimPrefix(code.String(), "repair-"))
			}
		}
		all[set].name = strings.Join(parts, "+")
	}
	return all
}()

// Codes are the diagnostic codes of the rules in the set. The slice is shared.
func (r Repairs) Codes() []Code { return repairs[r].codes }

// Name is the names of the rules joined by +, or nil for the empty set. The
// string is shared.
func (r Repairs) Name() *string {
	if r == 0 {
		return nil
	}
	return &repairs[r].name
}
