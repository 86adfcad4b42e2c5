package reader

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"syscall"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/pipeline"
	"github.com/quern-data/quern/schema"
)

// Options say how to scan, beyond what the configuration of the corpus says.
type Options struct {
	// Workers is how many folders are listed, and files split, at the same time, where
	// 0 means one a processor.
	Workers int
	// Records finds the documents in each file. Nil if a file is one.
	Records Records
	// PartitionBy are columns, some of schema.PartitionColumns. Documents are ordered
	// by the values that they have in them, NULL first and as text, and only where
	// these are equal by their ids. Entries without an id are in the first partition,
	// or where there is no document in one that has NULL in all columns. None leave the
	// plan ordered by ids.
	PartitionBy []string
	// Index is what an earlier scan found in files of records, nil if nothing is to be
	// kept.
	Index *Index
}

// Scan walks the folder of a corpus and plans how to read it. The plan depends
// on names, sizes and links alone, not on the order in which the file system
// lists them. No file is opened, but for those that Records splits: where the
// documents in a file stand, what they are called and how they are partitioned
// depends on their content.
//
// A file is a document if it fits a glob of include and no rule leaves it out.
// The rules that leave whole folders out still have their files counted. A file
// that raw names as the twin of a document is neither document nor ignored, no
// matter which rule would apply.
//
// Links are followed if the corpus says so. Each file is one document however
// many links lead to it: under its own path if that is a document's, or else
// under the first path by bytes; the other paths count as
// RuleSymlinkDuplicate.
//
// An error means that there is no plan: ctx is done, the root is missing or
// unreadable or no folder, or the configuration is not valid. A folder below
// the root that cannot be read, or lies deeper than limits.path_depth, becomes
// an entry of the plan, unless a rule leaves out all that it might hold.
//
// A file that holds no document, or that cannot be read, is an entry that says so.
func (o Options) Scan(ctx context.Context, corpus config.Corpus, limits config.Limits) (*Plan, error) {
	p, err := o.scan(ctx, corpus, limits, (*scanner).openStore)
	if err != nil {
		return nil, fmt.Errorf("corpus %s: %w", corpus.Name, err)
	}
	return p, nil
}

// scanner is what all workers of a scan know. They do not change it.
type scanner struct {
	ctx     context.Context
	corpus  *config.Corpus
	limits  config.Limits
	store   store
	depth   int // of folders below the root, at most
	workers int
	capture *capturer
}

// branch is a folder that is to be walked.
type branch struct {
	path string
	real string    // path with links resolved, relative to the root
	why  ignoreKey // the rule that leaves all of it out
	via  []string  // real paths of the folders whose links led here
}

// finder is one worker, and what it found.
type finder struct {
	*scanner
	listing listing
	below   []branch // the folder's that is walked
	pieces  [][]record
	text    strings.Builder // of paths
	findings
}

// findings are what one or more workers found, in no order.
type findings struct {
	candidates []record          // of all workers, without id and twin
	links      map[string]string // path with links resolved, of the candidates for which it is another
	others     []other           // only where twins may be among them
	ignored    map[ignoreKey]*Ignored
	notices    []notice
	followed   bool
}

// other is a regular file that is no candidate.
type other struct {
	path, real string
	why        ignoreKey
}

type ignoreKey struct {
	rule Rule
	glob string
}

func (o Options) scan(ctx context.Context, corpus config.Corpus, limits config.Limits, open func(*scanner) (store, error)) (*Plan, error) {
	if limits.DocumentBytes <= 0 {
		return nil, fmt.Errorf("limits.document_bytes is %d: it must be positive", limits.DocumentBytes)
	}
	if limits.PathDepth <= 0 {
		return nil, fmt.Errorf("limits.path_depth is %d: it must be positive", limits.PathDepth)
	}
	for _, glob := range slices.Concat(corpus.Include, corpus.Exclude) {
		if !doublestar.ValidatePattern(glob) {
			return nil, fmt.Errorf("glob %q: %w", glob, doublestar.ErrBadPattern)
		}
	}
	attributes, err := newCapturer(&corpus)
	if err != nil {
		return nil, err
	}
	s := &scanner{
		ctx: ctx, corpus: &corpus, limits: limits, depth: limits.PathDepth, workers: pipeline.Workers(o.Workers), capture: attributes,
	}
	if s.store, err = open(s); err != nil {
		return nil, err
	}
	found, err := s.walk()
	if err != nil {
		return nil, err
	}
	s.addLost(found)
	if found.followed {
		found.dropDuplicates()
	}
	p := &Plan{
		corpus: corpus.Name, store: s.store, prefix: s.store.prefix(), ctx: ctx, archiveBytes: int64(limits.ArchiveBytes), unpacked: new(unpackedFiles), limit: limits.DocumentBytes, capture: attributes, notices: found.notices,
	}
	if err := s.settle(found, p); err != nil {
		return nil, err
	}
	if err := s.order(p, o); err != nil {
		return nil, err
	}
	p.finish()
	return p.partitioned(ctx, o.PartitionBy, o.Workers)
}

// checkEvery is after how many entries a loop looks whether it was interrupted.
const checkEvery = 1000

// interrupted is the error of a context that is done, looked for at each
// checkEvery-th step.
func (s *scanner) interrupted(step int) error {
	if step%checkEvery != 0 {
		return nil
	}
	return s.ctx.Err()
}

// walk walks all folders.
func (s *scanner) walk() (*findings, error) {
	finders := make([]finder, s.workers)
	for i := range finders {
		finders[i].scanner = s
	}
	err := pipeline.Walk(s.ctx, s.workers, branch{}, func(worker int, b branch) ([]branch, error) {
		return finders[worker].folder(&b)
	})
	if err != nil {
		return nil, err
	}
	found, n := new(findings), 0
	for i := range finders {
		for _, piece := range finders[i].pieces {
			n += len(piece)
		}
	}
	found.candidates = make([]record, 0, n)
	for i := range finders {
		pieces := finders[i].pieces
		for j := range pieces {
			found.candidates = append(found.candidates, pieces[j]...)
			pieces[j] = nil
		}
		found.add(&finders[i].findings)
	}
	return found, nil
}

// folder walks one folder, and returns those below it.
func (f *finder) folder(b *branch) ([]branch, error) {
	if b.path != "" && strings.Count(b.path, "/") >= f.depth {
		f.missing(b.path, b.why, schema.DirectoryTooDeep,
			fmt.Sprintf("the folder lies more than %d folders below the root, and was not read: raise limits.path_depth, or leave it out with exclude", f.depth))
		return nil, nil
	}
	opened, err := f.store.folder(b.real)
	if err == nil {
		defer opened.close()
		err = f.listing.list(f.ctx, opened)
	}
	if done := f.ctx.Err(); done != nil {
		return nil, done
	}
	if err != nil {
		if b.path == "" {
			return nil, fmt.Errorf("root: %w", err)
		}
		f.missing(b.path, b.why, schema.DirectoryUnreadable, "the folder cannot be listed: "+reason(err))
		return nil, nil
	}
	f.below = f.below[:0]
	for i, e := range f.listing.entries {
		if err := f.interrupted(i + 1); err != nil {
			return nil, err
		}
		path := join(b.path, e.name)
		real := path
		if b.real != b.path {
			real = join(b.real, e.name)
		}
		switch {
		case e.mode.IsDir():
			f.below = append(f.below, branch{path, real, f.folderRule(e.name, b.why), b.via})
		case e.mode&fs.ModeSymlink != 0:
			f.link(path, f.nameRule(path, e.name, b.why), append(b.via[:len(b.via):len(b.via)], b.real))
		default:
			if f.file(path, real, e.mode, f.nameRule(path, e.name, b.why)) {
				f.candidate(path, real, opened.stateIn(e))
			}
		}
	}
	return f.below, nil
}

// addLost counts the files that have no path, and notes them unless a rule leaves them
// out.
func (s *scanner) addLost(found *findings) {
	for _, lost := range s.store.lost() {
		why := ignoreKey{rule: RuleUnsafeMember}
		if lost.Code == schema.ArchiveMemberDuplicate {
			why.rule = RuleReplacedMember
			if named := s.rule(lost.Name); named.rule != "" {
				found.ignore(lost.Name, named)
				continue
			}
		}
		found.ignore(lost.Name, why)
		found.notices = append(found.notices, notice{lost.Name, lost.Text, lost.Code})
	}
}

// rule is the one that leaves a file out by its path, be it a twin or not.
func (s *scanner) rule(path string) (why ignoreKey) {
	dir, name := "", path
	for {
		var ok bool
		if dir, name, ok = strings.Cut(name, "/"); !ok {
			break
		}
		why = s.folderRule(dir, why)
	}
	if why = s.nameRule(path, dir, why); why.rule == "" && !s.included(path) {
		why.rule = RuleNotIncluded
	}
	return why
}

func (s *scanner) included(path string) bool {
	_, ok := fits(s.corpus.Include, path)
	if !ok && isPacked(path) {
		_, ok = fits(s.corpus.Include, contentPath(path))
	}
	return ok
}

// missing notes that nobody knows what a folder holds, unless a rule leaves it
// out.
func (f *finder) missing(dir string, why ignoreKey, code schema.Code, message string) {
	if why.rule == "" && !f.excludesAll(dir) {
		f.notices = append(f.notices, notice{dir, message, code})
	}
}

func (s *scanner) folderRule(name string, above ignoreKey) ignoreKey {
	switch {
	case above.rule != "":
		return above
	case name == "__MACOSX":
		return ignoreKey{rule: RuleMacOSX}
	case name[0] == '.' && !s.corpus.Hidden:
		return ignoreKey{rule: RuleHidden}
	}
	return ignoreKey{}
}

// nameRule is the rule that leaves a file out by its path alone.
func (s *scanner) nameRule(path, name string, above ignoreKey) ignoreKey {
	switch {
	case above.rule != "":
		return above
	case name == ".DS_Store":
		return ignoreKey{rule: RuleDSStore}
	case strings.HasPrefix(name, "._"):
		return ignoreKey{rule: RuleAppleDouble}
	case name[0] == '.' && !s.corpus.Hidden:
		return ignoreKey{rule: RuleHidden}
	}
	if glob, ok := fits(s.corpus.Exclude, path); ok {
		return ignoreKey{RuleExcluded, glob}
	}
	if !isPacked(path) {
		return ignoreKey{}
	}
	if glob, ok := fits(s.corpus.Exclude, contentPath(path)); ok {
		return ignoreKey{RuleExcluded, glob}
	}
	return ignoreKey{}
}

func fits(globs []string, path string) (string, bool) {
	for _, glob := range globs {
		if doublestar.MatchUnvalidated(glob, path) {
			return glob, true
		}
	}
	return "", false
}

// excludesAll reports whether a glob of exclude leaves out whatever lies below
// the folder.
func (s *scanner) excludesAll(dir string) bool {
	for _, glob := range s.corpus.Exclude {
		glob = strings.TrimSuffix(glob, "/*")
		if (glob == "**" || strings.HasSuffix(glob, "/**")) && doublestar.MatchUnvalidated(glob, dir) {
			return true
		}
	}
	return false
}

// file reports whether a file is a candidate, and counts it if it is not.
func (f *finder) file(path, real string, mode fs.FileMode, why ignoreKey) bool {
	if why.rule == "" {
		if !mode.IsRegular() {
			why.rule = RuleNotRegular
		} else if !f.included(path) {
			why.rule = RuleNotIncluded
		}
	}
	switch {
	case why.rule == "":
		return true
	case hasTwins(f.corpus) && mode.IsRegular():
		f.others = append(f.others, other{path, real, why})
	default:
		f.ignore(path, why)
	}
	return false
}

// pieceRecords is how many records are allocated at a time: a list that grows takes
// twice its room while it does.
const pieceRecords = 1000

// candidate notes a file that fits include. real is its path with links resolved.
func (f *finder) candidate(path, real string, st state) {
	path = keep(&f.text, []byte(path))
	if real != path {
		if f.links == nil {
			f.links = map[string]string{}
		}
		f.links[path] = real
	}
	last := len(f.pieces) - 1
	if last < 0 || len(f.pieces[last]) == pieceRecords {
		f.pieces = append(f.pieces, make([]record, 0, pieceRecords))
		last++
	}
	f.pieces[last] = append(f.pieces[last], record{path: path, state: st})
}

// link deals with a symbolic link. via are the real paths of the folders that
// led to it, its own last.
func (f *finder) link(path string, why ignoreKey, via []string) {
	if why.rule != "" || !f.corpus.FollowSymlinks {
		f.ignore(path, ignoreKey{cmp.Or(why.rule, RuleSymlink), why.glob})
		return
	}
	mode, st, target, err := f.store.resolve(path)
	switch {
	case err == nil && !mode.IsDir():
		f.followed = true
		if f.file(path, target, mode, why) {
			f.candidate(path, target, st)
		}
		return
	case err == nil && slices.ContainsFunc(via, func(dir string) bool { return contains(target, dir) }):
		err = syscall.ELOOP
	case err == nil && f.excludesAll(path):
		// The files below are left out, and other links may lead to them.
		f.ignore(path, ignoreKey{rule: RuleSymlink})
		return
	case err == nil:
		f.followed = true
		f.below = append(f.below, branch{path, target, why, via})
		return
	}
	f.ignore(path, ignoreKey{rule: RuleSymlink})
	n := notice{path, "the link leads nowhere: " + reason(err), schema.SymlinkBroken}
	switch {
	case errors.Is(err, syscall.ELOOP):
		n.code, n.message = schema.SymlinkLoop, "the link leads back to a folder or link that leads here"
	case errors.Is(err, errOutside):
		n.code, n.message = schema.SymlinkOutside, "the link leads out of the corpus"
	}
	f.notices = append(f.notices, n)
}

func (f *findings) ignore(path string, why ignoreKey) { f.count(why, 1, path) }

// count counts files that are left out, of which path is the first or only one.
func (f *findings) count(why ignoreKey, files int, path string) {
	g := f.ignored[why]
	if g == nil {
		if f.ignored == nil {
			f.ignored = make(map[ignoreKey]*Ignored)
		}
		g = &Ignored{Rule: why.rule, Glob: why.glob, Example: path}
		f.ignored[why] = g
	}
	g.Files += files
	g.Example = min(g.Example, path)
}

// add takes over what another found.
func (f *findings) add(more *findings) {
	if f.links == nil {
		f.links = more.links
	} else {
		maps.Copy(f.links, more.links)
	}
	f.others = append(f.others, more.others...)
	f.notices = append(f.notices, more.notices...)
	f.followed = f.followed || more.followed
	for why, g := range more.ignored {
		f.count(why, g.Files, g.Example)
	}
	*more = findings{}
}

// dropDuplicates keeps one candidate for each file.
func (f *findings) dropDuplicates() {
	real := func(r record) string { return cmp.Or(f.links[r.path], r.path) }
	own := func(r record) int { // before those that links lead to
		if _, linked := f.links[r.path]; linked {
			return 1
		}
		return 0
	}
	slices.SortFunc(f.candidates, func(a, b record) int {
		return cmp.Or(cmp.Compare(real(a), real(b)), cmp.Compare(own(a), own(b)), cmp.Compare(a.path, b.path))
	})
	kept := f.candidates[:0]
	for _, c := range f.candidates {
		if n := len(kept); n > 0 && real(kept[n-1]) == real(c) {
			f.ignore(c.path, ignoreKey{rule: RuleSymlinkDuplicate})
			continue
		}
		kept = append(kept, c)
	}
	f.candidates = kept
}
