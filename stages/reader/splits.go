package reader

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
)

// groups reports whether documents are divided into splits by groups.
func (c *capturer) groups() bool { return c.hasGroup }

// groupOf is the group of a document: a hash of the value of group_by, or where an
// attribute is missing of the id, so that the document is a group of its own.
func (c *capturer) groupOf(id string, from *capture) uint64 {
	text, ok := c.group.Expand(func(name string) (string, bool) {
		text := c.text(name, from)
		return text, text != ""
	})
	if !ok {
		return hash("id\x00", id)
	}
	return hash("group\x00", text)
}

// stratum is the attribute that splits are stratified by, "" for none.
func stratum(s *config.Splits) string { return strings.Trim(s.StratifyBy, "{}") }

// divide gives each document a split that has none of its own. groups are those of the
// pieces, in their order.
//
// The group of a document is that of its first piece. A group of which a document has a
// split of its own has this one, that of the first by id if there are several. Others
// have the one that a hash of the group falls into the share of; or, if splits are
// stratified, the groups of each stratum are put in the order of such hashes and then
// divided. The stratum of a group is that of its first document by id.
func (p *Plan) divide(s *config.Splits, groups []uint64) {
	names := []string{""} // 0 for a document that has its own
	shares := make([]int64, len(s.Shares))
	sum := int64(0)
	for i, share := range s.Shares {
		names = append(names, schema.DisplayPath(share.Name))
		sum += int64(share.Share)
		shares[i] = sum
	}
	seed := hash(s.Seed)
	n := p.documents()
	members := make([]grouped, n)
	splits := make([]int32, n)
	assign := func(group []grouped, name int) {
		for _, m := range group {
			if p.keyOf(int(m.document), typedNames[split]) == "" {
				splits[m.document] = int32(name)
			}
		}
	}
	for d := range members {
		first, _ := p.rangeAt(d)
		members[d] = grouped{mix(groups[first] ^ seed), int32(d)}
	}
	slices.SortFunc(members, func(a, b grouped) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.document, b.document))
	})
	strata := map[string][][]grouped{} // groups by stratum, in the order of their ranks
	for start := 0; start < n; {
		end := start + 1
		for end < n && members[end].rank == members[start].rank {
			end++
		}
		group := members[start:end]
		start = end
		own := ""
		for _, m := range group {
			if own = p.keyOf(int(m.document), typedNames[split]); own != "" {
				break
			}
		}
		switch {
		case own != "":
			at := slices.Index(names, own)
			if at < 0 {
				at = len(names)
				names = append(names, own)
			}
			assign(group, at)
		case s.StratifyBy != "":
			value := p.keyOf(int(group[0].document), stratum(s))
			strata[value] = append(strata[value], group)
		default:
			assign(group, 1+shareOf(group[0].rank, shares))
		}
	}
	for _, of := range strata {
		for i, group := range of {
			assign(group, 1+shareAt(i, len(of), shares))
		}
	}
	p.splits, p.splitNames = splits, names
}

// grouped is a document of the group with a rank.
type grouped struct {
	rank     uint64
	document int32 // its place in the order of ids
}

// shareOf is the share that a hash falls into. shares are where each ends, in
// millionths.
func shareOf(hash uint64, shares []int64) int {
	at, _ := bits.Mul64(hash, uint64(100*config.OnePercent))
	share := 0
	for share < len(shares)-1 && shares[share] <= int64(at) {
		share++
	}
	return share
}

// shareAt is the share of number i of n.
func shareAt(i, n int, shares []int64) int {
	const whole = int64(100 * config.OnePercent)
	share := 0
	for share < len(shares)-1 && (int64(n)*shares[share]+whole/2)/whole <= int64(i) {
		share++
	}
	return share
}

// splitOf is the split that document i was given, "" if it has its own or none are
// made.
func (p *Plan) splitOf(i int) string {
	if p.splits == nil {
		return ""
	}
	return p.splitNames[p.splits[p.place(i)]]
}
