package reader

import (
	"cmp"
	"encoding/binary"
	"io/fs"
	"slices"
	"sort"
	"unicode/utf8"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
)

// Plan is what a scan found: the documents of one corpus, ordered by partition if
// it has any, then by document id and then by path, bytewise. Before them stand
// entries without an id, one for each folder or link that could not be looked
// into. A Plan does not change and is safe for concurrent use.
//
// It keeps 72 bytes a document besides the path, 4 more if it has partitions, and
// the id where that is no part of it; attributes are captured again when a document
// is read.
type Plan struct {
	corpus  string
	root    string      // absolute, its links resolved
	folder  fs.FileInfo // what root was when it was scanned
	follow  bool
	limit   config.Bytes
	capture *capturer
	notices []notice
	records []record // by id and path
	counts  Counts
	bytes   int64

	partitions []partition // nil if the plan is not partitioned
	order      []int32     // if it is, the places in records of the documents
}

// notice is a diagnostic about something that is no document.
type notice struct {
	path, message string
	code          schema.Code
}

// record is a document. The stamps of file and twin are kept apart, since each
// is compared when it is read: that takes no more room than one for both and a
// flag for the twin, and half of what sizes and times would.
type record struct {
	id       string // without the corpus, as far as possible a part of path
	path     string
	state           // of the file, but that changed is that of the newer of file and twin
	twin     uint64 // stamp of the twin, unknownStamp or noTwin
	twinSize int64  // in bytes, or unknownSize
}

// Entry is one entry of a plan.
type Entry struct {
	// ID is the document id, with the corpus in front; "" where the entry is
	// about a folder or a link.
	ID string
	// Path is slash-separated and relative to the root, any bytes.
	Path string
	// Bytes is the size of the file as scanned; 0 where it is not known.
	Bytes int64
	// TwinBytes is the size of its twin; 0 where there is none, or it is not
	// known.
	TwinBytes int64
	// Stamp tells states of the document apart: it is another if the path, or
	// the size, the modification time or (on Linux) the change time or inode of
	// the file or its twin, or the document that has its id, is another. It is 0 if
	// file or twin could not be asked. It says nothing about another machine,
	// and not all by itself either: see Plan.Stamps.
	Stamp uint64
	// Changed is the latest of the modification and (on Linux) change times of
	// file and twin, in nanoseconds since the epoch; 0 where there is no
	// document.
	Changed int64
	// Refused says that the file will not be read: there is no document in it,
	// it is too large, or its id is taken.
	Refused bool
}

// Counts say what became of the files of a corpus. Found is the sum of
// Documents, Twins and the Files of Ignored.
type Counts struct {
	Found     int
	Documents int // written or refused
	Refused   int // those of Documents that the plan already refuses
	Twins     int
	Ignored   []Ignored // sorted by rule, then by glob
	// Notices is the number of entries without an id. Those about folders
	// stand for files that nobody could count.
	Notices int
}

// Ignored counts the files that one rule left out.
type Ignored struct {
	Rule    Rule
	Glob    string // of RuleExcluded, "" otherwise
	Files   int
	Example string // the first of them by path, as DisplayPath shows it
}

// Rule names a reason why a file is no document.
type Rule string

// The rules, in the order in which they are tried. What a folder's name leaves
// out counts for that, whatever the files in it are called.
const (
	RuleMacOSX           Rule = "macosx"            // below a folder __MACOSX
	RuleDSStore          Rule = "ds-store"          // called .DS_Store
	RuleAppleDouble      Rule = "apple-double"      // called ._*
	RuleHidden           Rule = "hidden"            // its name, or that of a folder above, starts with a dot
	RuleExcluded         Rule = "excluded"          // fits a glob of exclude
	RuleSymlink          Rule = "symlink"           // a symbolic link that was not followed
	RuleNotRegular       Rule = "not-regular"       // a pipe, socket or device
	RuleNotIncluded      Rule = "not-included"      // fits no glob of include
	RuleSymlinkDuplicate Rule = "symlink-duplicate" // a file that a link leads to, and that is a document under another path
)

// Len is the number of entries.
func (p *Plan) Len() int { return len(p.notices) + len(p.records) }

// Bytes is the size in bytes of all documents that are not refused, without
// their twins.
func (p *Plan) Bytes() int64 { return p.bytes }

// Counts say what became of every file. The caller must not change the slice.
func (p *Plan) Counts() Counts { return p.counts }

// Entry is the entry with index i, from 0 to Len()-1.
func (p *Plan) Entry(i int) Entry {
	if i < len(p.notices) {
		n := &p.notices[i]
		return Entry{Path: n.path, Stamp: max(mix(hash(n.path)^hash(n.message)), 1), Refused: true}
	}
	r := p.record(i)
	return Entry{
		ID: p.corpus + "/" + r.id, Path: r.path, Bytes: max(r.size, 0), TwinBytes: max(r.twinSize, 0), Changed: r.changed,
		Refused: p.refused(i), Stamp: p.stamp(i),
	}
}

// stamp is that of document i.
func (p *Plan) stamp(i int) uint64 {
	r := p.record(i)
	if r.stamp == unknownStamp || r.twin == unknownStamp {
		return 0
	}
	stamp := mix(mix(r.stamp^mix(r.twin)) ^ hash(r.path))
	if first := p.original(i); first != r {
		stamp = mix(stamp ^ hash(first.path))
	}
	return max(stamp, 1)
}

// refused reports whether document i will not be read.
func (p *Plan) refused(i int) bool {
	r := p.record(i)
	return r.size == 0 || r.size > int64(p.limit) || p.original(i) != r
}

// record is that of entry i, which has an id.
func (p *Plan) record(i int) *record { return &p.records[p.place(i)] }

// place is that of the record of entry i.
func (p *Plan) place(i int) int {
	if i -= len(p.notices); p.order != nil {
		return int(p.order[i])
	}
	return i
}

// original is the first record with the same id as that of document i, whatever
// partition it is in. It takes O(log n) steps: thousands may share an id.
func (p *Plan) original(i int) *record {
	at := p.place(i)
	id := p.records[at].id
	if at > 0 && p.records[at-1].id == id {
		at = sort.Search(at, func(k int) bool { return p.records[k].id >= id })
	}
	return &p.records[at]
}

// Describe fills src with all that is known about entry i without reading it:
// not Data, RawData and the hashes. RawPath is where the scan saw a twin.
func (p *Plan) Describe(i int, src *schema.Source) { p.describe(i, src, new(capture)) }

func (p *Plan) describe(i int, src *schema.Source, captured *capture) {
	src.Reset()
	e := p.Entry(i)
	src.ID, src.Corpus, src.Path, src.Bytes = e.ID, p.corpus, e.Path, e.Bytes
	if !utf8.ValidString(e.Path) {
		note(src, schema.PathNotUTF8, "the path is not UTF-8, and is shown as %s", schema.DisplayPath(e.Path))
	}
	if i < len(p.notices) {
		note(src, p.notices[i].code, "%s", p.notices[i].message)
		src.Refused = true
		return
	}
	if p.record(i).size == unknownSize {
		src.Bytes = unknownSize
	}
	p.capture.capture(e.Path, captured)
	p.capture.fill(src, captured)
	switch first := p.original(i); {
	case first != p.record(i):
		refuse(src, schema.DocumentDuplicate, "%s has the same document id, %s: make document_id tell them apart, or leave one out with exclude",
			schema.DisplayPath(first.path), e.ID)
	case e.Refused && e.Bytes == 0:
		refuse(src, schema.FileEmpty, "the file has no bytes")
	case e.Refused:
		refuse(src, schema.FileTooLarge, "the file has %d bytes, more than limits.document_bytes, %s", e.Bytes, p.limit)
	case p.capture.hasRaw:
		raw, ok := p.capture.rawPath(e.Path, captured)
		switch {
		case !ok:
			note(src, schema.TwinMissing, "raw names an attribute that the path does not give, so no twin was looked for")
		case raw == e.Path:
			note(src, schema.TwinMissing, "raw leads to the document itself")
		case p.record(i).twin == noTwin:
			note(src, schema.TwinMissing, "there is no file %s", schema.DisplayPath(raw))
		default:
			src.RawPath = raw
		}
	}
}

// Examples describes n documents, spread evenly over the plan; all of them if
// there are fewer.
func (p *Plan) Examples(n int) []schema.Source {
	n = min(max(n, 0), len(p.records))
	examples := make([]schema.Source, n)
	for k := range examples {
		p.Describe(len(p.notices)+k*len(p.records)/n, &examples[k])
	}
	return examples
}

// finish orders the entries and counts.
func (p *Plan) finish() {
	slices.SortFunc(p.notices, func(a, b notice) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.code, b.code))
	})
	sortRecords(p.records)
	p.counts.Notices, p.counts.Documents = len(p.notices), len(p.records)
	for i := len(p.notices); i < p.Len(); i++ {
		if p.refused(i) {
			p.counts.Refused++
		} else {
			p.bytes += max(p.record(i).size, 0)
		}
	}
	p.counts.Found = p.counts.Documents + p.counts.Twins
	for _, g := range p.counts.Ignored {
		p.counts.Found += g.Files
	}
}

// sortRecords sorts by id, then by path. Ids start alike, with the corpus and often
// with the venue: comparing the first 8 bytes behind that, which seldom needs the
// rest, and moving 16 bytes instead of 72 takes a third of the time.
func sortRecords(records []record) {
	type key struct {
		head uint64
		at   int
	}
	common := commonPrefix(records)
	keys := make([]key, len(records))
	for i := range records {
		var head [8]byte
		copy(head[:], records[i].id[common:])
		keys[i] = key{binary.BigEndian.Uint64(head[:]), i}
	}
	slices.SortFunc(keys, func(a, b key) int {
		if a.head != b.head {
			return cmp.Compare(a.head, b.head)
		}
		x, y := &records[a.at], &records[b.at]
		return cmp.Or(cmp.Compare(x.id[common:], y.id[common:]), cmp.Compare(x.path, y.path))
	})
	// Each circle of places is gone around once: there may not be room for a
	// second list.
	for to := range keys {
		if keys[to].at == to {
			continue
		}
		first := records[to]
		for at := to; ; {
			from := keys[at].at
			keys[at].at = at
			if from == to {
				records[at] = first
				break
			}
			records[at] = records[from]
			at = from
		}
	}
}

// commonPrefix is how many bytes all ids start with.
func commonPrefix(records []record) int {
	if len(records) == 0 {
		return 0
	}
	common := records[0].id
	for i := range records {
		id := records[i].id
		n := min(len(common), len(id))
		for id[:n] != common[:n] {
			n--
		}
		common = common[:n]
	}
	return len(common)
}
