package mews

import "time"

// An UploadedSample is what an upload answers.
type UploadedSample struct {
	SHA256   string `json:"sha256"`
	FileName string `json:"file_name"`
}

// A SampleRecord is everything that mews knows about a sample (own route
// /mews/entities/samples/v1).
type SampleRecord struct {
	SampleMeta
	Tags         []string  `json:"tags,omitempty"`
	FileName     string    `json:"file_name,omitempty"`
	FileNameB64  string    `json:"file_name_base64,omitempty"` // the exact bytes, when they are not UTF-8
	Comment      string    `json:"comment,omitempty"`
	Confidential bool      `json:"is_confidential"`
	FirstSeenAt  time.Time `json:"first_seen_at,omitzero"`
	UploadedAt   time.Time `json:"uploaded_at,omitzero"`
}

// A SampleUpdate changes the metadata of the samples named by IDs (SHA-256). A
// nil field stays as it is; an empty Family removes it.
type SampleUpdate struct {
	IDs        List    `json:"ids"`
	Label      *string `json:"label,omitempty"`
	Family     *string `json:"family,omitempty"`
	AddTags    List    `json:"add_tags,omitempty"`
	RemoveTags List    `json:"remove_tags,omitempty"`
	FirstSeen  *string `json:"first_seen,omitempty"` // YYYY/MM/DD, YYYY-MM-DD or RFC 3339
}
