/*
 * protocol.h
 *	  All that both ends of the socket share: frames, types, limits, codes.
 *
 * The backend (native/extension) and the inference server (native/server)
 * include this file and nothing else of each other.  It compiles as C11 and
 * as C++17 and needs only <stdint.h>.  README.md beside it tells the bytes of
 * every message; a number that was ever released is never given to another
 * meaning.
 *
 * Every integer is little-endian.  Both ends read exactly N bytes, write
 * exactly N bytes, and compare each length with its AI_MAX_* limit before they
 * allocate anything for it.
 */
#ifndef AI_RUNTIME_PROTOCOL_H
#define AI_RUNTIME_PROTOCOL_H

#include <stdint.h>

#ifdef __cplusplus
#define AI_STATIC_ASSERT(condition, message) static_assert(condition, message)
#else
#define AI_STATIC_ASSERT(condition, message) _Static_assert(condition, message)
#endif

/* "AIRT" as it stands in memory on a little-endian machine. */
#define AI_PROTOCOL_MAGIC UINT32_C(0x54524941)
#define AI_PROTOCOL_VERSION 1

/* Limits: a length above one of these is refused before it is allocated. */
#define AI_MAX_FRAME_BYTES (UINT64_C(512) * 1024 * 1024)	/* payload of a frame */
#define AI_MAX_MODEL_BYTES (UINT64_C(64) * 1024 * 1024 * 1024)	/* one ONNX model */
#define AI_MAX_CHUNK_BYTES (UINT32_C(4) * 1024 * 1024)	/* one MODEL_LOAD chunk */
#define AI_MAX_RANK 16			/* dimensions of a tensor */
#define AI_MAX_VALUES 4096		/* inputs or outputs of a request */
#define AI_MAX_VALUE_DEPTH 8	/* sequences and maps within each other */
#define AI_MAX_BATCH_SIZE 65536	/* rows of one execution */
#define AI_MAX_QUEUE_DELAY_US 10000000	/* that a request may wait for others */
#define AI_MAX_ERROR_BYTES 8192 /* each text of an ERROR */

#define AI_SHA256_BYTES 32

/* Requests are odd, responses even; a response is its request plus one. */
typedef enum AiMessageType
{
	AI_SERVER_LIVE_REQUEST = 1,
	AI_SERVER_LIVE_RESPONSE = 2,
	AI_SERVER_METADATA_REQUEST = 3,
	AI_SERVER_METADATA_RESPONSE = 4,
	AI_MODEL_INFER_REQUEST = 11,
	AI_MODEL_INFER_RESPONSE = 12,
	AI_MODEL_LOAD_REQUEST = 13,
	AI_MODEL_LOAD_RESPONSE = 14,
	AI_MODEL_UNLOAD_REQUEST = 15,
	AI_MODEL_UNLOAD_RESPONSE = 16,
	AI_MODEL_METADATA_REQUEST = 17,
	AI_MODEL_METADATA_RESPONSE = 18,
	AI_MODEL_STATISTICS_REQUEST = 19,
	AI_MODEL_STATISTICS_RESPONSE = 20,
	AI_ECHO_REQUEST = 21,
	AI_ECHO_RESPONSE = 22,
	AI_ERROR = 100
} AiMessageType;

/* Codes of an ERROR, and of Status on the server. */
typedef enum AiStatusCode
{
	AI_STATUS_OK = 0,
	AI_STATUS_NOT_FOUND = 1,
	AI_STATUS_ALREADY_EXISTS = 2,
	AI_STATUS_INVALID_ARG = 3,
	AI_STATUS_UNSUPPORTED = 4,
	AI_STATUS_UNAVAILABLE = 5,
	AI_STATUS_RESOURCE_EXHAUSTED = 6,
	AI_STATUS_CANCELLED = 7,
	AI_STATUS_DEADLINE_EXCEEDED = 8,
	AI_STATUS_PROTOCOL_VIOLATION = 9,
	AI_STATUS_INTERNAL = 10,
	AI_STATUS_MODEL_UNKNOWN = 11	/* no session and no bytes for this sha256 */
} AiStatusCode;

/* Element types of a tensor, in KServe v2's names. */
typedef enum AiDatatype
{
	AI_DATATYPE_INVALID = 0,
	AI_DATATYPE_BOOL = 1,
	AI_DATATYPE_UINT8 = 2,
	AI_DATATYPE_UINT16 = 3,
	AI_DATATYPE_UINT32 = 4,
	AI_DATATYPE_UINT64 = 5,
	AI_DATATYPE_INT8 = 6,
	AI_DATATYPE_INT16 = 7,
	AI_DATATYPE_INT32 = 8,
	AI_DATATYPE_INT64 = 9,
	AI_DATATYPE_FP16 = 10,
	AI_DATATYPE_FP32 = 11,
	AI_DATATYPE_FP64 = 12,
	AI_DATATYPE_BF16 = 13,
	AI_DATATYPE_BYTES = 14			/* each element: u32 length, then the bytes */
} AiDatatype;

/* What one input or output holds. */
typedef enum AiValueKind
{
	AI_VALUE_NONE = 0,			/* an absent optional */
	AI_VALUE_TENSOR = 1,
	AI_VALUE_SEQUENCE = 2,		/* its elements follow, one value each */
	AI_VALUE_MAP = 3			/* two values follow: the keys, the values */
} AiValueKind;

typedef struct AiFrameHeader
{
	uint32_t	magic;
	uint16_t	version;
	uint16_t	type;			/* AiMessageType */
	uint64_t	request_id;		/* chosen by the client, echoed by the server */
	uint64_t	payload_bytes;
} AiFrameHeader;

AI_STATIC_ASSERT(sizeof(AiFrameHeader) == 24, "a frame header has 24 bytes");

/* Flags of a MODEL_INFER_REQUEST; a bit that is not named here must be 0. */
#define AI_INFER_DETERMINISTIC UINT32_C(0x1)	/* each row in an execution of its own */
#define AI_INFER_QUEUE_DELAY UINT32_C(0x2)	/* max_queue_delay_us stands, 0 included */
#define AI_INFER_FLAGS (AI_INFER_DETERMINISTIC | AI_INFER_QUEUE_DELAY)

/*
 * MODEL_INFER_REQUEST: this header, output_count times u16 (the outputs wanted,
 * by their place in the signature), zero bytes up to a multiple of 8, then
 * input_count values.  output_count 0 asks for all outputs.
 */
typedef struct AiInferRequestHeader
{
	uint8_t		sha256[AI_SHA256_BYTES];
	uint64_t	timeout_us;		/* time left when it was sent; 0: no deadline */
	uint32_t	flags;			/* AI_INFER_* */
	uint16_t	input_count;
	uint16_t	output_count;
	uint32_t	max_batch_size; /* most rows of one execution; 0: as the server has it */
	uint32_t	max_queue_delay_us; /* longest wait for other requests; see the flag */
} AiInferRequestHeader;

AI_STATIC_ASSERT(sizeof(AiInferRequestHeader) == 56, "an infer request header has 56 bytes");

/*
 * MODEL_INFER_RESPONSE: this header, then output_count values.  An execution is
 * one run of the model; it may have held rows of other requests, and a request
 * may have taken several.
 */
typedef struct AiInferResponseHeader
{
	uint64_t	queue_duration_us;	/* until its first execution */
	uint64_t	compute_infer_duration_us;	/* of all its executions */
	uint32_t	output_count;
	uint32_t	execution_count;
	uint64_t	execution_rows; /* of all its executions, others' rows included */
} AiInferResponseHeader;

AI_STATIC_ASSERT(sizeof(AiInferResponseHeader) == 32, "an infer response header has 32 bytes");

/*
 * A value starts at a multiple of 8 within the payload.
 * TENSOR: rank times u32 dims, zero bytes up to 8, then data_bytes of data in
 * row-major order, zero bytes up to 8.
 * SEQUENCE: `count` values follow.  MAP: two values follow, keys and values.
 * NONE: nothing follows.
 */
typedef struct AiValueHeader
{
	uint8_t		kind;			/* AiValueKind */
	uint8_t		datatype;		/* AiDatatype of a TENSOR, else 0 */
	uint8_t		rank;			/* of a TENSOR, else 0 */
	uint8_t		reserved;		/* 0 */
	uint16_t	index;			/* which input or output; 0 when nested */
	uint16_t	reserved2;		/* 0 */
	uint64_t	count;			/* TENSOR: bytes of data; SEQUENCE: elements; else 0 */
} AiValueHeader;

AI_STATIC_ASSERT(sizeof(AiValueHeader) == 16, "a value header has 16 bytes");

/*
 * MODEL_LOAD_REQUEST: one chunk of a model's bytes.  Chunks of one model come in
 * order on one connection; the last one (offset + chunk_bytes == total_bytes)
 * is answered by MODEL_LOAD_RESPONSE or ERROR, the others by nothing.  The
 * server hashes what it gets and refuses bytes whose SHA-256 is another one.
 */
typedef struct AiModelLoadHeader
{
	uint8_t		sha256[AI_SHA256_BYTES];
	uint64_t	total_bytes;
	uint64_t	offset;
	uint32_t	chunk_bytes;	/* the chunk follows this header */
	uint32_t	reserved;		/* 0 */
} AiModelLoadHeader;

AI_STATIC_ASSERT(sizeof(AiModelLoadHeader) == 56, "a load header has 56 bytes");

/* ERROR: this header, then the three texts one after another, UTF-8, no NUL. */
typedef struct AiErrorHeader
{
	uint32_t	code;			/* AiStatusCode */
	uint32_t	message_bytes;
	uint32_t	detail_bytes;
	uint32_t	hint_bytes;
} AiErrorHeader;

AI_STATIC_ASSERT(sizeof(AiErrorHeader) == 16, "an error header has 16 bytes");

#define AI_ALIGN8(bytes) (((uint64_t) (bytes) + 7) & ~UINT64_C(7))

/* Bytes of one element, or 0 for BYTES and for what is no datatype. */
static inline uint32_t
ai_datatype_bytes(uint8_t datatype)
{
	static const uint8_t bytes[] = {0, 1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 4, 8, 2, 0};

	return datatype < sizeof(bytes) ? bytes[datatype] : 0;
}

/* The KServe name of a datatype, or "INVALID". */
static inline const char *
ai_datatype_name(uint8_t datatype)
{
	static const char *const names[] = {
		"INVALID", "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16",
		"INT32", "INT64", "FP16", "FP32", "FP64", "BF16", "BYTES"
	};

	return datatype < sizeof(names) / sizeof(names[0]) ? names[datatype] : names[0];
}

#endif							/* AI_RUNTIME_PROTOCOL_H */
