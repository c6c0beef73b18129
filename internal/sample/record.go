package sample

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/index"
	"github.com/mewshq/mews/internal/store"
)

// The four classes of a sample, as they are stored and answered.
const (
	Clean    = "clean"
	Malware  = "malware"
	Unwanted = "unwanted"
	Unknown  = "unknown"
)

// Bounds of metadata. Together they stay far below what a blob's sealed copy
// may hold.
const (
	maxFileName = 4096 // bytes
	maxComment  = 4096 // runes
	maxFamily   = 256  // bytes
	maxTag      = 128  // bytes
	maxTags     = 64
)

// A Record is what is known of one sample. Hashes are lower-case hex, times UTC.
type Record struct {
	Seq          uint64 // order in which the index took it in, never used twice
	CID          store.CID
	SHA256       string
	MD5          string
	SHA1         string
	Size         int64  // bytes
	Type         string // one of Types, lower case, or "data"
	FirstSeen    time.Time
	Uploaded     time.Time
	Client       string // the API client that uploaded it first
	Label        string // Clean, Malware, Unwanted or Unknown
	Family       string
	Tags         []string // sorted
	FileName     string   // as given; any bytes
	Comment      string
	Confidential bool
}

// Meta gives what MalQuery answers tell of the record. A type without a name
// among Types stays out.
func (r *Record) Meta() mews.SampleMeta {
	m := mews.SampleMeta{
		SHA256: r.SHA256, SHA1: r.SHA1, MD5: r.MD5, FileSize: r.Size,
		FirstSeen: r.FirstSeen.UTC().Format("2006/01/02"), Label: r.Label, Family: r.Family,
	}
	if r.Type != other {
		m.FileType = strings.ToUpper(r.Type)
	}
	return m
}

// indexFile is what the index knows of the record. The record is from the
// database or from a blob, so the hash is well-formed.
func (r *Record) indexFile() index.File {
	sum, _ := ParseSHA256(r.SHA256)
	return index.File{Seq: r.Seq, SHA256: sum, Size: r.Size, Type: r.Type}
}

// PutOptions is what an uploader tells of a sample. Zero fields say nothing:
// they are set to defaults for a new sample and change nothing of an old one,
// but Confidential, which is always taken.
type PutOptions struct {
	FileName     string
	Comment      string
	Confidential bool
	Label        string // any case; "pua" stands for Unwanted
	Family       string
	Tags         []string // added to those of an old one
	FirstSeen    time.Time
	SHA256       string // what the uploader expects; a mismatch is an error
	// Hold, when set, is the id of a record that holds the bytes: they are
	// stored, but do not become part of the corpus. Of a sample that is known
	// nothing changes. The holder writes the audit row.
	Hold string
	// Sealed is the holder's own copy of its record, at most MaxSealed bytes. It
	// is sealed into the blob; see OnAdopt.
	Sealed []byte
	// OnStored runs in the transaction in which the sample appears, after it, so
	// that the holder appears with it. Its error undoes everything.
	OnStored func(tx *store.Tx, rec Record) error
	// Searchable tells whether searches see a held sample; without it they do not.
	Searchable Switch
	// Late, when set, is asked once the bytes have ended and before anything is
	// kept; its answer replaces these options. A form may name its fields after
	// its file.
	Late func() (PutOptions, error)
}

// A Change is an update of metadata. Nil and empty fields change nothing.
type Change struct {
	Label      *string
	Family     *string // empty removes it
	Comment    *string
	FirstSeen  *time.Time
	AddTags    []string
	RemoveTags []string
}

// ParseSHA256 reads 64 hex digits of any case.
func ParseSHA256(s string) (sum [sha256.Size]byte, err error) {
	b, err := hex.DecodeString(strings.TrimSpace(s))
	if err != nil || len(b) != len(sum) {
		return sum, mews.Errorf(mews.ErrInvalid, "invalid SHA256 hash: expected 64 hex digits").WithID(s)
	}
	copy(sum[:], b)
	return sum, nil
}

// ParseLabel reads the name of a class. No name is Unknown.
func ParseLabel(s string) (string, error) {
	switch l := strings.ToLower(strings.TrimSpace(s)); l {
	case "":
		return Unknown, nil
	case "pua":
		return Unwanted, nil
	case Clean, Malware, Unwanted, Unknown:
		return l, nil
	}
	return "", mews.Errorf(mews.ErrInvalid, "label: expected clean, malware, unwanted (or pua) or unknown")
}

// check makes o storable, or tells what is wrong with it.
func (o *PutOptions) check() (err error) {
	if o.Label != "" {
		if o.Label, err = ParseLabel(o.Label); err != nil {
			return err
		}
	}
	if o.SHA256 != "" {
		sum, err := ParseSHA256(o.SHA256)
		if err != nil {
			return err
		}
		o.SHA256 = hex.EncodeToString(sum[:])
	}
	if len(o.FileName) > maxFileName {
		return mews.Errorf(mews.ErrInvalid, "file_name: at most %d bytes", maxFileName)
	}
	if err := checkText(&o.Comment, &o.Family); err != nil {
		return err
	}
	if o.Tags, err = cleanTags(o.Tags); err != nil {
		return err
	}
	if len(o.Hold) > MaxHolder || len(o.Sealed) > MaxSealed {
		return mews.Errorf(mews.ErrInvalid, "the record of a file may have an id of %d bytes, and %d bytes in all", MaxHolder, MaxSealed)
	}
	return checkTime(&o.FirstSeen)
}

func (c *Change) check() (err error) {
	if c.Label != nil {
		l, err := ParseLabel(*c.Label)
		if err != nil {
			return err
		}
		c.Label = &l
	}
	comment, family := new(string), new(string)
	if c.Comment != nil {
		*comment = *c.Comment
		c.Comment = comment
	}
	if c.Family != nil {
		*family = *c.Family
		c.Family = family
	}
	if err := checkText(comment, family); err != nil {
		return err
	}
	if c.FirstSeen != nil {
		t := *c.FirstSeen
		if err := checkTime(&t); err != nil {
			return err
		}
		c.FirstSeen = &t
	}
	if c.AddTags, err = cleanTags(c.AddTags); err != nil {
		return err
	}
	c.RemoveTags, err = cleanTags(c.RemoveTags)
	return err
}

func checkText(comment, family *string) error {
	if utf8.RuneCountInString(*comment) > maxComment || len(*comment) > 4*maxComment {
		return mews.Errorf(mews.ErrInvalid, "comment: at most %d characters", maxComment)
	}
	*family = strings.ToValidUTF8(strings.TrimSpace(*family), "\uFFFD")
	if len(*family) > maxFamily {
		return mews.Errorf(mews.ErrInvalid, "family: at most %d bytes", maxFamily)
	}
	return nil
}

// checkTime keeps to what every reader of dates can read.
func checkTime(t *time.Time) error {
	if t.IsZero() {
		return nil
	}
	*t = t.UTC().Truncate(time.Microsecond)
	if y := t.Year(); y < 1970 || y > 9999 {
		return mews.Errorf(mews.ErrInvalid, "first_seen: expected a year from 1970 to 9999")
	}
	return nil
}

// cleanTags gives tags trimmed, sorted and without repeats.
func cleanTags(tags []string) ([]string, error) {
	var out []string
	for _, tag := range tags {
		tag = strings.ToValidUTF8(strings.TrimSpace(tag), "\uFFFD")
		if len(tag) > maxTag {
			return nil, mews.Errorf(mews.ErrInvalid, "tags: each at most %d bytes", maxTag)
		}
		if tag != "" {
			out = append(out, tag)
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	if len(out) > maxTags {
		return nil, mews.Errorf(mews.ErrInvalid, "tags: at most %d of a sample", maxTags)
	}
	return out, nil
}

// take lets an upload of known bytes change their record.
func (r *Record) take(o PutOptions) error {
	if o.FileName != "" {
		r.FileName = o.FileName
	}
	r.Confidential = o.Confidential
	c := Change{AddTags: o.Tags}
	if o.Label != "" {
		c.Label = &o.Label
	}
	if o.Family != "" {
		c.Family = &o.Family
	}
	if o.Comment != "" {
		c.Comment = &o.Comment
	}
	if !o.FirstSeen.IsZero() {
		c.FirstSeen = &o.FirstSeen
	}
	return r.apply(c)
}

// apply makes a checked change.
func (r *Record) apply(c Change) error {
	for to, from := range map[*string]*string{&r.Label: c.Label, &r.Family: c.Family, &r.Comment: c.Comment} {
		if from != nil {
			*to = *from
		}
	}
	if c.FirstSeen != nil && !c.FirstSeen.IsZero() {
		r.FirstSeen = *c.FirstSeen
	}
	kept := slices.DeleteFunc(slices.Concat(r.Tags, c.AddTags), func(tag string) bool {
		return slices.Contains(c.RemoveTags, tag)
	})
	tags, err := cleanTags(kept)
	if err == nil {
		r.Tags = tags
	}
	return err
}
