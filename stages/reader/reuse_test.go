package reader

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
)

// fact is what decides an entry's rows besides bytes and configuration.
type fact struct {
	ID, Path, Original, Message string
	Twin                        bool
	Code                        schema.Code
}

type facts struct {
	Salt, Corpus string
	Entries      []fact
}

func factsOf(p *Plan, s Shard, salt string) facts {
	f := facts{Salt: salt, Corpus: p.corpus}
	for i := s.Start; i < s.End; i++ {
		var src schema.Source
		p.Describe(i, &src)
		e := fact{ID: src.ID, Path: src.Path}
		if src.ID == "" {
			n := p.notices[i]
			e.Code, e.Message = n.code, n.message
		} else {
			e.Twin = p.fileOf(i-len(p.notices)).twin != noTwin
			if first := p.original(i); first != i-len(p.notices) {
				e.Original = p.fileOf(first).path
			}
		}
		f.Entries = append(f.Entries, e)
	}
	return f
}

func TestIdentity(t *testing.T) {
	// Texts of which many are equal, or equal when joined.
	texts := rapid.SampledFrom([]string{"a", "b", "aa", "ab", "a\x01b", "d", "\x00", "\x01a", "td"})
	salts := rapid.SampledFrom([]string{"", "a", "aa"})
	states := rapid.Custom(func(t *rapid.T) state {
		return state{
			size: rapid.Int64Range(-1, 4).Draw(t, "size"), stamp: rapid.Uint64Min(unknownStamp).Draw(t, "stamp"),
			changed: rapid.Int64().Draw(t, "changed"),
		}
	})
	type plan struct {
		*Plan
		shard Shard
		salt  string
	}
	draw := func(t *rapid.T) plan {
		p := &Plan{corpus: rapid.SampledFrom([]string{"c", "ca"}).Draw(t, "corpus"), limit: 2, capture: new(capturer)}
		for range rapid.IntRange(0, 2).Draw(t, "notices") {
			codes := rapid.SampledFrom([]schema.Code{schema.DirectoryUnreadable, schema.SymlinkLoop})
			p.notices = append(p.notices, notice{texts.Draw(t, "path"), texts.Draw(t, "message"), codes.Draw(t, "code")})
		}
		for range rapid.IntRange(0, 4).Draw(t, "documents") {
			p.records = append(p.records, record{
				id: texts.Draw(t, "id"), path: texts.Draw(t, "path"),
				twin: rapid.SampledFrom([]uint64{noTwin, unknownStamp, 77}).Draw(t, "twin"), state: states.Draw(t, "state"),
			})
		}
		p.finish()
		start := rapid.IntRange(0, p.Len()).Draw(t, "start")
		return plan{p, Shard{Start: start, End: rapid.IntRange(start, p.Len()).Draw(t, "end")}, salts.Draw(t, "salt")}
	}
	same, differ := 0, 0
	check := func(t *rapid.T, a, b plan) {
		equal := cmp.Equal(factsOf(a.Plan, a.shard, a.salt), factsOf(b.Plan, b.shard, b.salt))
		if identical := a.Identity(a.shard, a.salt) == b.Identity(b.shard, b.salt); identical != equal {
			t.Fatalf("the same facts: %v; the same identity: %v\n%+v\n%+v", equal, identical,
				factsOf(a.Plan, a.shard, a.salt), factsOf(b.Plan, b.shard, b.salt))
		}
		if equal {
			same++
		} else {
			differ++
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a := draw(t)
		check(t, a, draw(t))

		// The same names with other sizes and times, elsewhere.
		b := a
		b.Plan = &Plan{corpus: a.corpus, store: &directory{root: "/elsewhere"}, limit: 3, capture: a.capture, notices: a.notices, records: slices.Clone(a.records)}
		for i := range b.records {
			b.records[i].state = states.Draw(t, "other state")
			if b.records[i].twin != noTwin {
				b.records[i].twin = 78
			}
		}
		check(t, a, b)

		// And one thing changed.
		if len(b.records) > 0 {
			r := &b.records[rapid.IntRange(0, len(b.records)-1).Draw(t, "which")]
			switch rapid.IntRange(0, 2).Draw(t, "what") {
			case 0:
				r.id = texts.Draw(t, "new id")
			case 1:
				r.path = texts.Draw(t, "new path")
			case 2:
				r.twin = 78 - r.twin
			}
			b.finish()
			check(t, a, b)
		}
	})
	if same == 0 || differ == 0 {
		t.Errorf("%d pairs are the same, and %d differ", same, differ)
	}
}

// Each pair differs in one thing, and that is seldom drawn.
func TestIdentityTellsApart(t *testing.T) {
	documents := func(paths ...string) *Plan {
		p := &Plan{corpus: "c", limit: 2, capture: new(capturer)}
		for _, path := range paths {
			p.records = append(p.records, record{id: "c/x", path: path})
		}
		return p
	}
	notices := func(n notice) *Plan { return &Plan{corpus: "c", notices: []notice{n}} }
	for name, tt := range map[string]struct {
		a, b *Plan
		s    Shard
	}{
		"path of the original": {documents("a", "z"), documents("b", "z"), Shard{Start: 1, End: 2}},
		"code":                 {notices(notice{"a", "m", schema.SymlinkLoop}), notices(notice{"a", "m", schema.SymlinkBroken}), Shard{Start: 0, End: 1}},
		"where a text ends":    {notices(notice{"a", "m", schema.SymlinkLoop}), notices(notice{"asymlink-loopm", "", schema.SymlinkLoop}), Shard{Start: 0, End: 1}},
	} {
		if tt.a.Identity(tt.s, "") == tt.b.Identity(tt.s, "") {
			t.Errorf("%s makes no difference", name)
		}
	}
	if p := documents("a"); p.Identity(Shard{}, "c") == (&Plan{corpus: "cc"}).Identity(Shard{}, "") {
		t.Error("the salt runs into the corpus")
	}
}

func TestIdentityOfFiles(t *testing.T) {
	const path, raw = "Accepted/P/Annotated/ICLR2018-P-R1_annotated.txt", "Accepted/P/Raw/ICLR2018-P-R1.txt"
	identity := func(c config.Corpus) string {
		p := mustScan(t, c)
		return fmt.Sprintf("%x", p.Identity(Shard{End: p.Len()}, "salt"))
	}
	first, second := reviews(tree(t, map[string]string{path: "document", raw: "twin"})), reviews(tree(t, map[string]string{path: "", raw: "another"}))
	if err := os.Chtimes(filepath.Join(second.Root, path), time.Unix(1, 0), time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	diff(t, identity(first), identity(second))
	if err := os.Remove(filepath.Join(second.Root, raw)); err != nil {
		t.Fatal(err)
	}
	if identity(first) == identity(second) {
		t.Error("a twin is gone, and the identity does not say so")
	}
	// It must never change by accident: every shard would be made anew.
	diff(t, "b9a49ace", identity(first)[:8])
}

func TestStamps(t *testing.T) {
	root := tree(t, map[string]string{
		"a/Annotated/ICLR2018-a-R1_annotated.txt": "a", "a/Raw/ICLR2018-a-R1.txt": "twin",
		"b/Annotated/ICLR2018-b-R1_annotated.txt": "b", "c/Annotated/ICLR2018-c-R1_annotated.txt": "c",
	})
	c := reviews(root)
	c.Paths = []string{"{paper_id}/Annotated/{venue:[A-Z]+}{year:[0-9]{4}}-{paper_id}-{reviewer:R[0-9]+}*annotated.txt"}
	set := func(path string, at time.Time) {
		t.Helper()
		if err := os.Chtimes(filepath.Join(root, path), at, at); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	soon := now.Add(time.Hour)
	set("b/Annotated/ICLR2018-b-R1_annotated.txt", soon)
	p := mustScan(t, c)
	all := Shard{End: p.Len()}
	trusted := func(p *Plan, before time.Time) (which []bool) {
		for i, stamp := range p.Stamps(all, before.UnixNano()) {
			if stamp != 0 && stamp != p.Entry(i).Stamp {
				t.Errorf("entry %d has two stamps", i)
			}
			which = append(which, stamp != 0)
		}
		return which
	}
	diff(t, []bool{false, false, false}, trusted(p, now.Add(-time.Hour)))
	diff(t, []bool{true, false, true}, trusted(p, now.Add(time.Minute)))
	diff(t, []bool{true, false, true}, trusted(p, soon))
	diff(t, []bool{true, true, true}, trusted(p, soon.Add(1)))

	// The change time cannot be set back, and the twin counts too.
	set("c/Annotated/ICLR2018-c-R1_annotated.txt", time.Unix(1, 0))
	set("a/Raw/ICLR2018-a-R1.txt", soon)
	p = mustScan(t, c)
	diff(t, []bool{false, false, false}, trusted(p, now.Add(-time.Hour)))
	diff(t, []bool{false, false, true}, trusted(p, now.Add(time.Minute)))
	diff(t, soon.UnixNano(), p.Entry(0).Changed)
	diff(t, p.Stamps(all, math.MaxInt64)[1:2], p.Stamps(Shard{Start: 1, End: 2}, math.MaxInt64))

	// A time that no int64 of nanoseconds holds.
	far := syscall.Timespec{Sec: time.Date(2400, 1, 1, 0, 0, 0, 0, time.UTC).Unix()}
	if err := syscall.UtimesNano(filepath.Join(root, "c/Annotated/ICLR2018-c-R1_annotated.txt"), []syscall.Timespec{far, far}); err != nil {
		t.Fatal(err)
	}
	diff(t, []bool{false, false, false}, trusted(mustScan(t, c), now.Add(time.Minute)))
}

func TestStampsOfTheUnknown(t *testing.T) {
	p := planOf(map[string]int64{"c/a": 1, "c/b": 1, "c/c": 1}, 10)
	for i := range p.records {
		p.records[i].stamp = 77
	}
	p.records[0].state = stateOf(nil, os.ErrPermission)
	p.records[1].twin = unknownStamp
	p.notices = []notice{{path: "denied", message: "why"}}
	var known []bool
	for i, stamp := range p.Stamps(Shard{End: 4}, math.MaxInt64) {
		known = append(known, stamp != 0)
		if e := p.Entry(i); (e.Stamp != 0) != (stamp != 0) || e.Changed != 0 {
			t.Errorf("%+v, stamp %d", e, stamp)
		}
	}
	diff(t, []bool{true, false, false, true}, known)
}

func TestNanoseconds(t *testing.T) {
	for _, tt := range []struct {
		at   time.Time
		want int64
	}{
		{time.Unix(0, 5), 5},
		{time.Time{}, math.MinInt64},
		{time.Date(1677, 1, 1, 0, 0, 0, 0, time.UTC), math.MinInt64},
		{time.Date(2263, 1, 1, 0, 0, 0, 0, time.UTC), math.MaxInt64},
		{time.Unix(1<<62, 0), math.MaxInt64},
		{time.Unix(-1, 0), -1e9},
	} {
		if got := nanoseconds(tt.at); got != tt.want {
			t.Errorf("%v: %d, want %d", tt.at, got, tt.want)
		}
	}
}

// Any number of documents may share an id.
func TestOriginalOfMany(t *testing.T) {
	p := &Plan{corpus: "c", limit: 10, capture: new(capturer), notices: make([]notice, 3)}
	for i := range 200_000 {
		p.records = append(p.records, record{id: "c/b", path: fmt.Sprintf("%06d", i), state: state{size: 1}})
	}
	p.records = append(p.records, record{id: "c/a", path: "a"}, record{id: "c/d", path: "d"})
	p.finish()
	for i, want := range map[int]int{3: 3, 4: 4, 5: 4, 1000: 4, 200_003: 4, 200_004: 200_004} {
		if got := p.original(i) + len(p.notices); got != want {
			t.Errorf("the original of %d is %d, want %d", i, got, want)
		}
	}
	diff(t, 199_999+2, p.Counts().Refused) // and the two without bytes
}
