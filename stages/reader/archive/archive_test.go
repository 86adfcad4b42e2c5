package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quern-data/quern/internal/archivetest"
	"github.com/quern-data/quern/schema"
)

const (
	testBytes = 64 << 20
	fuzzBytes = 1 << 20
)

func open(t testing.TB, data []byte, format Format) (*Archive, error) {
	t.Helper()
	return Open(t.Context(), bytes.NewReader(data), int64(len(data)), format, Options{Bytes: testBytes})
}

func mustOpen(t testing.TB, data []byte, format Format) *Archive {
	t.Helper()
	a, err := open(t, data, format)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// read reads a member, in steps.
func read(a *Archive, m *Member) (string, error) {
	c, err := a.Open(m)
	if err != nil {
		return "", err
	}
	defer c.Close()
	data, err := io.ReadAll(io.LimitReader(c, testBytes))
	return string(data), err
}

// told is each member with its content, or what is wrong with it.
func told(t testing.TB, a *Archive) []string {
	t.Helper()
	var out []string
	for i := range a.Lost() {
		out = append(out, fmt.Sprintf("%q lost: %s", a.Lost()[i].Name, a.Lost()[i].Code))
	}
	for i := range a.Members() {
		m := &a.Members()[i]
		content, err := read(a, m)
		var p *Problem
		switch {
		case errors.As(err, &p):
			out = append(out, fmt.Sprintf("%q %s: %s", m.Path, p.Code, p.Text))
		case err != nil:
			t.Errorf("%s: %v", m.Path, err)
		default:
			out = append(out, fmt.Sprintf("%q = %q", m.Path, content))
		}
	}
	return out
}

// names are those of what lies in a folder.
func names(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all, err
}

func pack(t testing.TB, name string, files ...archivetest.File) []byte {
	t.Helper()
	data, err := archivetest.Pack(name, files)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// zipped is a zip of raw members.
type zipped struct {
	name   string
	flags  uint16
	method uint16
	data   string // as it stands in the archive
	size   int    // unpacked
	crc    uint32
	host   byte
	extra  string
	local  func(header []byte) // changes the header before the data
	entry  func(entry []byte)  // changes the entry of the directory
	at     int                 // offset that the directory gives, if not 0
}

func stored(name, content string) zipped {
	return zipped{name: name, data: content, size: len(content), crc: crc32.ChecksumIEEE([]byte(content)), host: 3}
}

func makeZip(members ...zipped) []byte {
	var b, dir bytes.Buffer
	for _, m := range members {
		at := b.Len()
		if m.at != 0 {
			at = m.at - 1
		} else {
			h := make([]byte, zipLocalLen)
			le.PutUint32(h, zipLocal)
			le.PutUint16(h[6:], m.flags)
			le.PutUint16(h[8:], m.method)
			le.PutUint32(h[14:], m.crc)
			le.PutUint32(h[18:], uint32(len(m.data)))
			le.PutUint32(h[22:], uint32(m.size))
			le.PutUint16(h[26:], uint16(len(m.name)))
			h = append(h, m.name...)
			if m.local != nil {
				m.local(h)
			}
			b.Write(h)
			b.WriteString(m.data)
		}
		e := make([]byte, zipEntryLen)
		le.PutUint32(e, zipEntry)
		e[5] = m.host
		le.PutUint16(e[8:], m.flags)
		le.PutUint16(e[10:], m.method)
		le.PutUint32(e[16:], m.crc)
		le.PutUint32(e[20:], uint32(len(m.data)))
		le.PutUint32(e[24:], uint32(m.size))
		le.PutUint16(e[28:], uint16(len(m.name)))
		le.PutUint16(e[30:], uint16(len(m.extra)))
		le.PutUint32(e[42:], uint32(at))
		if m.entry != nil {
			m.entry(e)
		}
		dir.Write(e)
		dir.WriteString(m.name + m.extra)
	}
	end := make([]byte, zipEndLen)
	le.PutUint32(end, zipEnd)
	le.PutUint16(end[8:], uint16(len(members)))
	le.PutUint16(end[10:], uint16(len(members)))
	le.PutUint32(end[12:], uint32(dir.Len()))
	le.PutUint32(end[16:], uint32(b.Len()))
	b.Write(dir.Bytes())
	b.Write(end)
	return b.Bytes()
}

func with(m zipped, change func(*zipped)) zipped {
	change(&m)
	return m
}

// Members of a zip that are not what they should be. Each is one of three, and the
// others are read.
func TestZipMembers(t *testing.T) {
	flatePacked := func(name, content string) zipped {
		data := pack(t, "x.zip", archivetest.File{Name: "x", Content: content})
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		at, err := z.File[0].DataOffset()
		if err != nil {
			t.Fatal(err)
		}
		m := stored(name, content)
		m.method, m.data = zipDeflate, string(data[at:at+int64(z.File[0].CompressedSize64)])
		return m
	}
	text := strings.Repeat("some text ", 20)
	unicodePath := func(header, name string) string {
		field := append([]byte{1}, le.AppendUint32(nil, crc32.ChecksumIEEE([]byte(header)))...)
		field = append(field, name...)
		return string(le.AppendUint16(le.AppendUint16(nil, zipUnicodePath), uint16(len(field)))) + string(field)
	}
	for _, test := range []struct {
		name string
		m    zipped
		want string
	}{
		{"stored", stored("m", "text"), `"m" = "text"`},
		{"deflated", flatePacked("m", text), `"m" = "` + text + `"`},
		{"no content", stored("m", ""), `"m" = ""`},
		{"encrypted", with(stored("m", "text"), func(m *zipped) { m.flags = 1 }), `"m" archive-member-encrypted: the member is encrypted`},
		{"AES", with(stored("m", "text"), func(m *zipped) { m.method = zipAES }), `"m" archive-member-encrypted: the member is encrypted`},
		{
			"encrypted before its data", with(stored("m", "text"), func(m *zipped) { m.local = func(h []byte) { h[6] |= 1 } }),
			`"m" archive-member-broken: the member has a flag that it is encrypted before its data than in the archive's directory`,
		},
		{"bzip2", with(stored("m", "text"), func(m *zipped) { m.method = 12 }), `"m" archive-member-unsupported: the member is compressed by bzip2 (12), and stored, deflated and zstd are read`},
		{"method 77", with(stored("m", "text"), func(m *zipped) { m.method = 77 }), `"m" archive-member-unsupported: the member is compressed by an unknown method (77), and stored, deflated and zstd are read`},
		{"wrong checksum", with(stored("m", "text"), func(m *zipped) { m.crc++ }), `"m" archive-member-broken: the member's checksum is wrong: its bytes are not those that were packed`},
		{"damaged", with(flatePacked("m", text), func(m *zipped) { m.data = strings.Repeat("\xff", len(m.data)) }), `"m" archive-member-broken: the member cannot be unpacked: flate: corrupt input before offset 1`},
		{"cut short", with(flatePacked("m", text), func(m *zipped) { m.data = m.data[:len(m.data)-6] }), `"m" archive-member-broken: the member cannot be unpacked: unexpected EOF`},
		{"longer than it says", with(flatePacked("m", text), func(m *zipped) { m.size -= 7 }), `"m" archive-member-broken: the member has more bytes than the archive's directory says`},
		{"shorter than it says", with(flatePacked("m", text), func(m *zipped) { m.size += 7 }), `"m" archive-member-broken: the member has 7 bytes less than the archive's directory says`},
		{"stored, of two sizes", with(stored("m", "text"), func(m *zipped) { m.size++ }), `"m" archive-member-broken: the member is stored as it is, and has 4 bytes of 5`},
		{"behind the end", with(stored("m", "text"), func(m *zipped) { m.at = 1 << 20 }), `"m" archive-member-broken: the member would lie outside of the archive's data`},
		{"no header", with(stored("m", "text"), func(m *zipped) { m.local = func(h []byte) { h[0] = 0 } }), `"m" archive-member-broken: no member starts where the archive's directory says`},
		{
			"another name", with(stored("m", "text"), func(m *zipped) { m.local = func(h []byte) { h[zipLocalLen] = 'x' } }),
			`"m" archive-member-broken: the member has another name before its data than in the archive's directory`,
		},
		{
			"another method", with(stored("m", "text"), func(m *zipped) { m.local = func(h []byte) { h[8] = 8 } }),
			`"m" archive-member-broken: the member has another method of compression before its data than in the archive's directory`,
		},
		{
			"another checksum", with(stored("m", "text"), func(m *zipped) { m.local = func(h []byte) { h[14]++ } }),
			`"m" archive-member-broken: the member has another checksum before its data than in the archive's directory`,
		},
		{
			"another size", with(stored("m", "text"), func(m *zipped) { m.local = func(h []byte) { h[22]++ } }),
			`"m" archive-member-broken: the member has another size before its data than in the archive's directory`,
		},
		{"bomb", with(stored("m", "text"), func(m *zipped) { m.method, m.size = zipDeflate, 32<<20 }), `"m" archive-bomb: the member unpacks from 4 bytes to 33554432`},
		{"code page 437", stored("caf\x82", "text"), `"café" = "text"`},
		{"UTF-8 without its flag", stored("café", "text"), `"café" = "text"`},
		{"flag for UTF-8, which it is not", with(stored("caf\xe9", "text"), func(m *zipped) { m.flags = zipUTF8 }), `"caf\xe9" = "text"`},
		{"name in an extra field", with(stored("caf_", "text"), func(m *zipped) { m.extra = unicodePath("caf_", "café") }), `"café" = "text"`},
		{"extra field of another name", with(stored("caf_", "text"), func(m *zipped) { m.extra = unicodePath("caf-", "café") }), `"caf_" = "text"`},
		{"extra field cut short", with(stored("m", "text"), func(m *zipped) { m.extra = "\x01\x00\xff" }), `"m" = "text"`},
		{"backslashes of Windows", with(stored(`a\m`, "text"), func(m *zipped) { m.host = 0 }), `"a/m" = "text"`},
		{"backslashes of Unix", stored(`a\m`, "text"), `"a\\m" = "text"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := mustOpen(t, makeZip(stored("a", "one"), test.m, stored("z", "three")), Zip)
			want := []string{`"a" = "one"`, test.want, `"z" = "three"`}
			got := told(t, a)
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Members that share bytes, so that many are made of few.
func TestZipOverlap(t *testing.T) {
	kernel := strings.Repeat("x", 1000)
	inner := string(makeZip(stored("inner", kernel))[:zipLocalLen+5+1000])
	a := mustOpen(t, makeZip(stored("a", "one"), with(stored("outer", inner), func(*zipped) {}), with(stored("inner", kernel), func(m *zipped) {
		m.at = 1 + zipLocalLen + 1 + 3 + zipLocalLen + 5
	}), stored("z", "three")), Zip)
	var codes []schema.Code
	for _, m := range a.Members() {
		code := schema.Code(0)
		if m.Problem != nil {
			code = m.Problem.Code
		}
		codes = append(codes, code)
	}
	if want := []schema.Code{0, schema.ArchiveBomb, schema.ArchiveBomb, 0}; !slices.Equal(codes, want) {
		t.Errorf("codes %v, want %v", codes, want)
	}
	same := with(stored("b", "one"), func(m *zipped) { m.at = 1 })
	for _, m := range mustOpen(t, makeZip(stored("a", "one"), same), Zip).Members() {
		if m.Problem == nil || m.Problem.Code != schema.ArchiveBomb {
			t.Errorf("%s: %v", m.Path, m.Problem)
		}
	}
}

// What is wrong with a zip as a whole.
func TestZipBroken(t *testing.T) {
	whole := makeZip(stored("a", "one"), stored("b", "two"))
	change := func(at int, b byte) []byte {
		data := slices.Clone(whole)
		data[at] = b
		return data
	}
	end := len(whole) - zipEndLen
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"empty":                   {nil, "the record at its end is missing"},
		"no zip":                  {[]byte(strings.Repeat("no zip ", 100)), "the record at its end is missing"},
		"of several":              {change(end+4, 1), "one of several files"},
		"more entries":            {change(end+10, 3), "has 2 entries, and should have 3"},
		"fewer entries":           {change(end+10, 1), "has 2 entries, and should have 1"},
		"directory of other size": {change(end+12, 0xff), "behind its end"},
		"directory out of it":     {change(end+18, 0xff), "behind its end"},
		"entry cut short":         {change(end-zipEntryLen-1+28, 0xff), "cut short"},
		"no entry":                {change(end-zipEntryLen-1, 0), "has 1 entries, and should have 2"},
		"too much":                {makeZip(with(stored("a", "one"), func(m *zipped) { m.method, m.size = zipDeflate, testBytes+1 })), "limits.archive_bytes"},
	} {
		if _, err := open(t, test.data, Zip); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	// What stands around an archive does no harm.
	for name, data := range map[string][]byte{
		"a program before it": append([]byte("#!/bin/sh\nexit\n"), whole...),
		"bytes behind it":     append(slices.Clone(whole), "\n\n"...),
	} {
		if diff := cmp.Diff([]string{`"a" = "one"`, `"b" = "two"`}, told(t, mustOpen(t, data, Zip))); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
	if a := mustOpen(t, makeZip(), Zip); len(a.Members()) != 0 {
		t.Errorf("a zip of nothing has %v", a.Members())
	}
}

// Zip64, as others write it: sizes of 64 bits, and more than 65,535 members.
func TestZip64(t *testing.T) {
	field := le.AppendUint16(le.AppendUint16(nil, zip64Field), 24)
	for _, n := range []uint64{4, 4, 0} {
		field = le.AppendUint64(field, n)
	}
	long := stored("m", "text")
	long.extra = string(field)
	long.entry = func(e []byte) {
		for _, at := range []int{20, 24, 42} {
			le.PutUint32(e[at:], 0xffffffff)
		}
	}
	long.local = func(h []byte) { le.PutUint32(h[18:], 0xffffffff); le.PutUint32(h[22:], 0xffffffff) }
	if diff := cmp.Diff([]string{`"m" = "text"`}, told(t, mustOpen(t, makeZip(long), Zip))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	const many = 70_000
	files := make([]archivetest.File, many)
	for i := range files {
		files[i] = archivetest.File{Name: fmt.Sprintf("%d/%d.txt", i%100, i), Content: fmt.Sprint(i)}
	}
	a := mustOpen(t, pack(t, "x.stored.zip", files...), Zip)
	if len(a.Members()) != many {
		t.Fatalf("%d members", len(a.Members()))
	}
	if got, err := read(a, a.Find("77/69977.txt")); got != "69977" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// A tar that is made by hand, with what the library does not write.
func TestTarMembers(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range []tar.Header{
		{Name: "dir/", Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: "dir/a.txt", Typeflag: tar.TypeReg, Size: 3},
		{Name: "pipe", Typeflag: tar.TypeFifo},
		{Name: "device", Typeflag: tar.TypeChar, Devmajor: 1},
		{Name: "cont", Typeflag: tar.TypeCont, Size: 3},
		{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "what git archive writes"}},
		{Name: "./" + strings.Repeat("long/", 60) + "b.txt", Typeflag: tar.TypeReg, Size: 3},
		{Name: "back\\slash", Typeflag: tar.TypeReg, Size: 3},
	} {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			fmt.Fprint(w, "abc")
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	a := mustOpen(t, b.Bytes(), Tar)
	modes := map[string]string{}
	for _, m := range a.Members() {
		modes[m.Path] = m.Mode.String()
	}
	want := map[string]string{
		"dir/a.txt": "----------", "pipe": "?---------", "device": "?---------", "cont": "----------",
		strings.Repeat("long/", 60) + "b.txt": "----------", "back\\slash": "----------",
	}
	if diff := cmp.Diff(want, modes); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	b2 := new(bytes.Buffer)
	w = tar.NewWriter(b2)
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"path": "x"}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, b2.Bytes(), Tar); err == nil || !strings.Contains(err.Error(), "path") {
		t.Errorf("a path for all members: %v", err)
	}
	for name, data := range map[string][]byte{
		"two tars":      slices.Concat(b.Bytes(), b.Bytes()),
		"bytes behind":  append(slices.Clone(b.Bytes()), "more"...),
		"damaged":       []byte(strings.Replace(b.String(), "dir/a.txt", "dir/b.txt", 1)),
		"no end":        b.Bytes()[:b.Len()-1024],
		"nothing":       nil,
		"another thing": []byte(strings.Repeat("some text\n", 1000)),
	} {
		if _, err := open(t, data, Tar); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A sparse file has holes that are not in the archive.
func TestTarSparse(t *testing.T) {
	records := map[string]string{"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "s", "GNU.sparse.realsize": "10"}
	var pax strings.Builder
	for _, key := range slices.Sorted(maps.Keys(records)) {
		line := " " + key + "=" + records[key] + "\n"
		n := len(line) + 2
		fmt.Fprintf(&pax, "%d%s", n, line)
	}
	header := func(name string, kind byte, content string) string {
		h := make([]byte, tarBlock)
		copy(h, name)
		copy(h[100:], "0000644\x000000000\x000000000\x00")
		copy(h[124:], fmt.Sprintf("%011o\x00%011o\x00        ", len(content), 0))
		h[156] = kind
		copy(h[257:], "ustar\x0000")
		sum := 0
		for _, c := range h {
			sum += int(c)
		}
		copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
		return string(h) + content + strings.Repeat("\x00", -len(content)&(tarBlock-1))
	}
	data := header("p", 'x', pax.String()) + header("s", '0', "1\n0\n5\n"+strings.Repeat("\x00", tarBlock-6)+"abcde") +
		header("b", '0', "b") + strings.Repeat("\x00", 2*tarBlock)
	got := told(t, mustOpen(t, []byte(data), Tar))
	want := []string{`"b" = "b"`, `"s" archive-member-unsupported: the member is a sparse file, which is not read: pack it without --sparse`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A compressed tar is unpacked as far as it may grow, and its spool leaves nothing.
func TestPackedTar(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	for _, kind := range []Format{TarGzip, TarZstd} {
		bomb := pack(t, "x"+string(kind), archivetest.File{Name: "zeros", Content: strings.Repeat("\x00", testBytes-1024)})
		if _, err := Open(t.Context(), bytes.NewReader(bomb), int64(len(bomb)), kind, Options{Bytes: testBytes / 2}); err == nil || !strings.Contains(err.Error(), "limits.archive_bytes") {
			t.Errorf("%s: %v", kind, err)
		}
		kept := 0
		data := pack(t, "x"+string(kind), archivetest.File{Name: "b", Content: "two"}, archivetest.File{Name: "a", Content: "one"}, archivetest.File{Name: "c", Content: strings.Repeat("three", 1000)})
		a, err := Open(t.Context(), bytes.NewReader(data), int64(len(data)), kind, Options{Bytes: testBytes, Keep: func(path string) bool {
			kept++
			return path != "a"
		}})
		if err != nil {
			t.Fatal(err)
		}
		if a.spool.file != nil {
			t.Error("unpacked for its list alone")
		}
		if _, err := a.Open(a.Find("a")); err == nil {
			t.Error("a was not to be kept")
		}
		for path, want := range map[string]string{"b": "two", "c": strings.Repeat("three", 1000)} {
			if got, err := read(a, a.Find(path)); got != want || err != nil {
				t.Errorf("%s: %.20q, %v", path, got, err)
			}
		}
		if left, err := names(temp); len(left) > 0 || err != nil {
			t.Errorf("%s leaves %q, %v", kind, left, err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}

		ctx, cancel := context.WithCancel(t.Context())
		a, err = Open(ctx, bytes.NewReader(data), int64(len(data)), kind, Options{Bytes: testBytes})
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		if _, err := read(a, a.Find("b")); !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted: %v", err)
		}
		if _, err := Open(ctx, bytes.NewReader(data), int64(len(data)), kind, Options{Bytes: testBytes}); !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted: %v", err)
		}
	}
}

// FuzzArchive lists and reads anything. What the library finds in a zip or tar that
// is sound is found too.
func FuzzArchive(f *testing.F) {
	files := []archivetest.File{{Name: "a/b.txt", Content: "some text, some text"}, {Name: "c", Content: ""}, {Name: "l", Content: "a/b.txt", Link: true}}
	for _, kind := range archivetest.Kinds {
		data, err := archivetest.Pack(kind, files)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(makeZip(stored("a", "one"), stored("a", "two"), stored("../b", "three")))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range []Format{Zip, Tar, TarGzip, TarZstd} {
			a, err := Open(t.Context(), bytes.NewReader(data), int64(len(data)), format, Options{Bytes: fuzzBytes})
			if err != nil {
				continue
			}
			var total int64
			for i := range a.Members() {
				m := &a.Members()[i]
				if path, ok := clean(m.Path); !ok || path != m.Path || path == "" || i > 0 && a.Members()[i-1].Path >= path {
					t.Errorf("%s: path %q", format, m.Path)
				}
				if m.Size < 0 || m.Size > fuzzBytes {
					t.Errorf("%s: %s has %d bytes", format, m.Path, m.Size)
				}
				if total += m.Size; m.Mode != 0 {
					continue
				}
				content, err := read(a, m)
				if err == nil && int64(len(content)) != m.Size {
					t.Errorf("%s: %s has %d bytes, and %d are read", format, m.Path, m.Size, len(content))
				}
			}
			if total > fuzzBytes {
				t.Errorf("%s: %d bytes", format, total)
			}
			files := 0
			walk(a, "", func(string) { files++ })
			if files != len(a.Members()) {
				t.Errorf("%s: %d members, and %d files in folders", format, len(a.Members()), files)
			}
			if format == Zip {
				sameAsLibrary(t, a, data)
			}
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

func walk(a *Archive, dir string, file func(path string)) {
	var below []string
	prefix := dir
	if dir != "" {
		prefix += "/"
	}
	a.Folder(dir, func(name string, _ *Member) { file(prefix + name) }, func(name string) { below = append(below, prefix+name) })
	for _, dir := range below {
		walk(a, dir, file)
	}
}

// sameAsLibrary compares what is read without a problem with what the library reads.
func sameAsLibrary(t *testing.T, a *Archive, data []byte) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return
	}
	for _, f := range z.File {
		m := a.Find(f.Name)
		if m == nil || f.Method == 93 || f.Method == 20 {
			continue
		}
		content, err := read(a, m)
		if err != nil || f.CRC32 != m.crc || int64(f.UncompressedSize64) != m.Size {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		want, err := io.ReadAll(r)
		if err == nil && string(want) != content {
			t.Errorf("%s: %q, and the library reads %q", f.Name, content, want)
		}
	}
}
