package yara

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// protocol is the version of docs/format/worker.md that this room speaks.
const protocol = 2

// Frame types.
const (
	frameHello byte = 1 + iota
	frameRules
	frameReady
	frameReject
	frameFile
	frameData
	frameResult
	frameBye
	frameClean
	frameDescribe
	frameFacts
)

const (
	maxControl = 8 << 20 // JSON payload
	maxResult  = 1 << 20 // RESULT payload
	maxData    = 1 << 20 // DATA payload

	headBytes  = 5  // of every frame
	fileBytes  = 16 // FILE payload
	cleanBytes = 12 // CLEAN payload
)

// A ProtocolError says that the worker sent what no sound worker sends. The
// process is not to be used again.
type ProtocolError struct{ Message string }

func (e *ProtocolError) Error() string { return "worker broke the protocol: " + e.Message }

func protocolErrorf(format string, args ...any) error {
	return &ProtocolError{Message: fmt.Sprintf(format, args...)}
}

// appendHead adds the head of a frame whose payload follows.
func appendHead(b []byte, kind byte, length int) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(length)), kind)
}

// appendFile adds a FILE frame.
func appendFile(b []byte, id, size int64) []byte {
	b = appendHead(b, frameFile, fileBytes)
	b = binary.LittleEndian.AppendUint64(b, uint64(id))
	return binary.LittleEndian.AppendUint64(b, uint64(size))
}

func writeFrame(w io.Writer, kind byte, payload []byte) error {
	_, err := w.Write(append(appendHead(nil, kind, len(payload)), payload...))
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
	case frameResult, frameFacts:
		return maxResult, true
	case frameClean:
		return cleanBytes, true
	}
	return 0, false
}

// A frameReader reads the worker's frames. Its payload is valid until the next
// frame is read.
type frameReader struct {
	r       io.Reader
	head    [headBytes]byte
	payload bytes.Buffer
	limited io.LimitedReader
}

// keepPayload is how large a payload's memory may be to serve for the next.
const keepPayload = 256 << 10

// next reads one frame. Memory grows only with the bytes that really arrive.
// io.EOF stands for an end between two frames.
func (f *frameReader) next() (kind byte, payload []byte, err error) {
	if _, err := io.ReadFull(f.r, f.head[:]); err != nil {
		return 0, nil, err
	}
	kind, length := f.head[4], int64(binary.LittleEndian.Uint32(f.head[:]))
	limit, ok := frameLimit(kind)
	if !ok {
		return 0, nil, protocolErrorf("frame of type %d", kind)
	}
	if length > limit {
		return 0, nil, protocolErrorf("frame of type %d has %d bytes, at most %d are allowed", kind, length, limit)
	}
	if f.payload.Cap() > keepPayload {
		f.payload = bytes.Buffer{}
	}
	f.payload.Reset()
	f.limited = io.LimitedReader{R: f.r, N: length}
	if n, err := f.payload.ReadFrom(&f.limited); err != nil {
		return 0, nil, err
	} else if n < length {
		return 0, nil, io.ErrUnexpectedEOF
	}
	return kind, f.payload.Bytes(), nil
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
