/*
 * codec.c
 *	  Values between tensors and frame bytes (native/protocol/README.md).
 */
#include "postgres.h"

#include "client.h"
#include "codec.h"
#include "errors.h"

static void
check_frame_room(StringInfo frame, uint64 bytes)
{
	if (bytes > AI_MAX_FRAME_BYTES || (uint64) frame->len + bytes > AI_MAX_FRAME_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("inference input is too large"),
				 errdetail("A request has at most %d MB.",
						   (int) (AI_MAX_FRAME_BYTES / (1024 * 1024)))));
}

uint64
ai_shape_elements(const AiShape *shape)
{
	uint64		elements = 1;

	for (int i = 0; i < shape->rank; i++)
	{
		if (shape->dims[i] == 0)
			return 0;
	}
	for (int i = 0; i < shape->rank; i++)
	{
		elements *= shape->dims[i];
		if (elements > AI_MAX_FRAME_BYTES)
			return PG_UINT64_MAX;
	}
	return elements;
}

/* Appends zero bytes up to a multiple of 8 of the payload; the header before it has 24. */
static void
pad(StringInfo frame)
{
	static const char zeros[8] = {0};
	int			bytes = (int) (AI_ALIGN8(frame->len) - frame->len);

	if (bytes > 0)
		appendBinaryStringInfo(frame, zeros, bytes);
}

void
ai_codec_begin_infer(StringInfo frame, const uint8 *sha256, const uint16 *outputs,
					 int output_count, int input_count)
{
	AiInferRequestHeader header;

	StaticAssertStmt(sizeof(AiFrameHeader) % 8 == 0, "offsets in the frame keep their alignment");
	memset(&header, 0, sizeof(header));
	memcpy(header.sha256, sha256, AI_SHA256_BYTES);
	header.input_count = (uint16) input_count;
	header.output_count = (uint16) output_count;
	ai_client_begin(frame, AI_MODEL_INFER_REQUEST);
	appendBinaryStringInfo(frame, (const char *) &header, sizeof(header));
	if (output_count > 0)
		appendBinaryStringInfo(frame, (const char *) outputs,
							   output_count * (int) sizeof(uint16));
	pad(frame);
}

void
ai_codec_set_terms(StringInfo frame, const AiBatchTerms *terms)
{
	char	   *at = frame->data + sizeof(AiFrameHeader);

	memcpy(at + offsetof(AiInferRequestHeader, flags), &terms->flags, sizeof(terms->flags));
	memcpy(at + offsetof(AiInferRequestHeader, max_batch_size), &terms->max_batch_size,
		   sizeof(terms->max_batch_size));
	memcpy(at + offsetof(AiInferRequestHeader, max_queue_delay_us),
		   &terms->max_queue_delay_us, sizeof(terms->max_queue_delay_us));
}

void
ai_codec_write_header(StringInfo frame, int index, uint8 kind, uint64 count)
{
	AiValueHeader header;

	memset(&header, 0, sizeof(header));
	header.kind = kind;
	header.index = (uint16) index;
	header.count = count;
	check_frame_room(frame, sizeof(header));
	appendBinaryStringInfo(frame, (const char *) &header, sizeof(header));
}

void
ai_codec_begin_tensor(StringInfo frame, int index, uint8 datatype, const AiShape *shape,
					  AiTensorWriter *tensor)
{
	uint64		bytes = ai_shape_elements(shape);
	AiValueHeader header;

	if (bytes != PG_UINT64_MAX)
		bytes *= ai_datatype_bytes(datatype);
	check_frame_room(frame, bytes);
	memset(&header, 0, sizeof(header));
	header.kind = AI_VALUE_TENSOR;
	header.datatype = datatype;
	header.rank = (uint8) shape->rank;
	header.index = (uint16) index;
	header.count = bytes;
	tensor->datatype = datatype;
	tensor->header_offset = frame->len;
	appendBinaryStringInfo(frame, (const char *) &header, sizeof(header));
	if (shape->rank > 0)
		appendBinaryStringInfo(frame, (const char *) shape->dims,
							   shape->rank * (int) sizeof(uint32));
	pad(frame);
	tensor->data_offset = frame->len;
	enlargeStringInfo(frame, (int) bytes + 8);
	frame->len += (int) bytes;
	if (datatype != AI_DATATYPE_BYTES)
		pad(frame);
}

void
ai_codec_append_bytes(StringInfo frame, const char *data, uint32 bytes)
{
	check_frame_room(frame, (uint64) bytes + sizeof(bytes));
	appendBinaryStringInfo(frame, (const char *) &bytes, sizeof(bytes));
	appendBinaryStringInfo(frame, data, (int) bytes);
}

void
ai_codec_end_tensor(StringInfo frame, const AiTensorWriter *tensor)
{
	uint64		bytes = (uint64) (frame->len - tensor->data_offset);

	if (tensor->datatype != AI_DATATYPE_BYTES)
		return;
	memcpy(frame->data + tensor->header_offset + offsetof(AiValueHeader, count),
		   &bytes, sizeof(bytes));
	pad(frame);
}

/* Returns so many bytes of the reply and moves on, over the padding too. */
static const char *
take(AiReader *reader, uint64 bytes)
{
	const char *taken = reader->at;
	uint64		left = (uint64) (reader->end - reader->at);

	if (bytes > left)
		ai_raise_invalid_frame("A value is longer than its frame.");
	reader->at += Min(AI_ALIGN8(bytes), left);
	return taken;
}

int
ai_codec_begin_read(AiReader *reader, const char *payload, uint64 bytes)
{
	AiInferResponseHeader header;

	reader->start = reader->at = payload;
	reader->end = payload + bytes;
	memcpy(&header, take(reader, sizeof(header)), sizeof(header));
	if (header.output_count > AI_MAX_VALUES)
		ai_raise_invalid_frame("A reply has too many outputs.");
	return (int) header.output_count;
}

void
ai_codec_read_value(AiReader *reader, AiValue *value)
{
	AiValueHeader header;

	memcpy(&header, take(reader, sizeof(header)), sizeof(header));
	value->kind = header.kind;
	value->datatype = header.datatype;
	value->index = header.index;
	value->count = header.count;
	value->shape.rank = 0;
	value->data = NULL;
	value->element_count = 0;
	if (header.kind != AI_VALUE_TENSOR)
	{
		if (header.kind > AI_VALUE_MAP)
			ai_raise_invalid_frame("A value is of no known kind.");
		return;
	}
	if (header.rank > AI_MAX_RANK || header.datatype == AI_DATATYPE_INVALID ||
		header.datatype > AI_DATATYPE_BYTES)
		ai_raise_invalid_frame("A tensor has an unknown type or too many dimensions.");
	value->shape.rank = header.rank;
	memcpy(value->shape.dims, take(reader, header.rank * sizeof(uint32)),
		   header.rank * sizeof(uint32));
	value->element_count = ai_shape_elements(&value->shape);
	value->data = take(reader, header.count);
	if (value->element_count == PG_UINT64_MAX ||
		(header.datatype != AI_DATATYPE_BYTES &&
		 value->element_count * ai_datatype_bytes(header.datatype) != header.count) ||
		(header.datatype == AI_DATATYPE_BYTES &&
		 value->element_count > header.count / sizeof(uint32)))
		ai_raise_invalid_frame("The data of a tensor does not have the size of its shape.");
}

void
ai_codec_skip_value(AiReader *reader, int depth)
{
	AiValue		value;
	uint64		within;

	if (depth > AI_MAX_VALUE_DEPTH)
		ai_raise_invalid_frame("Values are nested too deeply.");
	ai_codec_read_value(reader, &value);
	within = value.kind == AI_VALUE_SEQUENCE ? value.count :
		value.kind == AI_VALUE_MAP ? 2 : 0;
	for (uint64 i = 0; i < within; i++)
		ai_codec_skip_value(reader, depth + 1);
}

const char *
ai_codec_read_bytes(const AiValue *value, const char **at, uint32 *bytes)
{
	uint64		left = (uint64) (value->data + value->count - *at);
	const char *data;

	if (left < sizeof(*bytes))
		ai_raise_invalid_frame("A string is longer than its tensor.");
	memcpy(bytes, *at, sizeof(*bytes));
	if (*bytes > left - sizeof(*bytes))
		ai_raise_invalid_frame("A string is longer than its tensor.");
	data = *at + sizeof(*bytes);
	*at = data + *bytes;
	return data;
}
