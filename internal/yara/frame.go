package yara

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// Frame types of protocol 1, docs/format/worker.md.
const (
	frameHello byte = 1 + iota
	frameRules
	frameReady
	frameReject
	frameFile
	frameData
	frameResult
	frameBye
)

const (
	maxControl = 8 << 20 // JSON payload
	maxResult  = 1 << 20 // RESULT payload
	maxData    = 1 << 20 // DATA payload
)

// A ProtocolError says that the worker sent what no sound worker sends. The
// process is not to be used again.
type ProtocolError struct{ Message string }

func (e *ProtocolError) Error() string { return "worker broke the protocol: " + e.Message }

func protocolErrorf(format string, args ...any) error {
	return &ProtocolError{Message: fmt.Sprintf(format, args...)}
}

func writeFrame(w io.Writer, kind byte, payload []byte) error {
	head := make([]byte, 5, 5+len(payload))
	binary.LittleEndian.PutUint32(head, uint32(len(payload)))
	head[4] = kind
	_, err := w.Write(append(head, payload...))
	return err
}

func writeJSON(w io.Writer, kind byte, v any) error {
	payload, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return writeFrame(w, kind, payload)
}

// frameLimit is the longest payload that a worker may send in a frame of this
// type; false for the types that it may not send at all.
func frameLimit(kind byte) (int64, bool) {
	switch kind {
	case frameHello, frameReady, frameReject:
		return maxControl, true
	case frameResult:
		return maxResult, true
	}
	return 0, false
}

// readFrame reads one frame from the worker. Memory grows only with the bytes
// that really arrive. io.EOF stands for an end between two frames.
func readFrame(r io.Reader) (kind byte, payload []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	kind, length := head[4], int64(binary.LittleEndian.Uint32(head[:]))
	limit, ok := frameLimit(kind)
	if !ok {
		return 0, nil, protocolErrorf("frame of type %d", kind)
	}
	if length > limit {
		return 0, nil, protocolErrorf("frame of type %d has %d bytes, at most %d are allowed", kind, length, limit)
	}
	var b bytes.Buffer
	if n, err := io.Copy(&b, io.LimitReader(r, length)); err != nil {
		return 0, nil, err
	} else if n < length {
		return 0, nil, io.ErrUnexpectedEOF
	}
	return kind, b.Bytes(), nil
}

// unpack reads a JSON payload. Unknown fields are ignored, so that a newer
// worker may say more.
func unpack[T any](payload []byte) (T, error) {
	var v T
	if err := json.Unmarshal(payload, &v); err != nil {
		return v, protocolErrorf("%v", err)
	}
	return v, nil
}
