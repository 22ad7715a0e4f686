/*
 * codec.h
 *	  Values between tensors and frame bytes.
 *
 * The writer appends to a frame that the caller reuses; the reader walks a
 * reply in place and believes none of its lengths.
 */
#ifndef AI_RUNTIME_CODEC_H
#define AI_RUNTIME_CODEC_H

#include "lib/stringinfo.h"
#include "protocol.h"

typedef struct AiShape
{
	int			rank;
	uint32		dims[AI_MAX_RANK];
} AiShape;

/* One value of a reply; data points into it. */
typedef struct AiValue
{
	uint8		kind;			/* AiValueKind */
	uint8		datatype;
	uint16		index;
	AiShape		shape;
	uint64		element_count;	/* of a tensor */
	const char *data;
	uint64		count;			/* TENSOR: bytes of data; SEQUENCE: elements */
} AiValue;

/* A tensor under construction; offsets in the frame. */
typedef struct AiTensorWriter
{
	uint8		datatype;
	int			header_offset;
	int			data_offset;
} AiTensorWriter;

typedef struct AiReader
{
	const char *start;
	const char *at;
	const char *end;
} AiReader;

/* How the server may put the rows of a request into executions; all 0: as it was started. */
typedef struct AiBatchTerms
{
	uint32		flags;			/* AI_INFER_* */
	uint32		max_batch_size;
	uint32		max_queue_delay_us;
} AiBatchTerms;

/* Returns the product of the dims, or PG_UINT64_MAX if it is over AI_MAX_FRAME_BYTES. */
extern uint64 ai_shape_elements(const AiShape *shape);

/* Writes the beginning of a request: bytes, outputs wanted, number of inputs. */
extern void ai_codec_begin_infer(StringInfo frame, const uint8 *sha256,
								 const uint16 *outputs, int output_count, int input_count);

/* Sets the terms of a request that was begun. */
extern void ai_codec_set_terms(StringInfo frame, const AiBatchTerms *terms);

/*
 * Writes a tensor's header and makes room for its data at tensor->data_offset:
 * elements x size, or nothing for BYTES, which the caller appends.  Raises 53200
 * if the frame would be over its limit.
 */
extern void ai_codec_begin_tensor(StringInfo frame, int index, uint8 datatype,
								  const AiShape *shape, AiTensorWriter *tensor);

/* Ends a tensor: for BYTES, its size is written now that it is known. */
extern void ai_codec_end_tensor(StringInfo frame, const AiTensorWriter *tensor);

/* Appends one element of a BYTES tensor. */
extern void ai_codec_append_bytes(StringInfo frame, const char *data, uint32 bytes);

/* Writes the header of a sequence (count elements follow), a map or an absent optional. */
extern void ai_codec_write_header(StringInfo frame, int index, uint8 kind, uint64 count);

/* Starts to read a reply of MODEL_INFER; returns the number of its outputs. */
extern int	ai_codec_begin_read(AiReader *reader, const char *payload, uint64 bytes);

/* Reads the next value's header, and a tensor's data. */
extern void ai_codec_read_value(AiReader *reader, AiValue *value);

/* Reads over a value that is so many others deep, and all within it. */
extern void ai_codec_skip_value(AiReader *reader, int depth);

/* Reads one element of a BYTES tensor at *at, which moves on. */
extern const char *ai_codec_read_bytes(const AiValue *value, const char **at, uint32 *bytes);

#endif							/* AI_RUNTIME_CODEC_H */
