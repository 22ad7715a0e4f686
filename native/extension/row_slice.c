/*
 * row_slice.c
 *	  Some rows of a value that holds many.
 */
#include "postgres.h"

#include "errors.h"
#include "row_slice.h"

bool
ai_rows_read(AiRows *rows, AiReader *reader, uint64 count)
{
	AiValue    *value = &rows->value;

	ai_codec_read_value(reader, value);
	rows->count = count;
	rows->next_row = 0;
	if (value->kind == AI_VALUE_SEQUENCE)
	{
		if (value->count != count)
			return false;
		rows->elements = *reader;
		rows->next_at = reader->at;
		for (uint64 i = 0; i < count; i++)
			ai_codec_skip_value(reader, 1);
		return true;
	}
	if (value->kind != AI_VALUE_TENSOR || value->shape.rank == 0 ||
		value->shape.dims[0] != count || count == 0)
		return false;
	rows->row_elements = value->element_count / count;
	rows->row_bytes = rows->row_elements * ai_datatype_bytes(value->datatype);
	rows->next_at = value->data;
	return true;
}

/* Moves over so many rows whose sizes their contents tell. */
static void
pass_rows(AiRows *rows, uint64 count)
{
	rows->next_row += count;
	if (rows->value.kind == AI_VALUE_SEQUENCE)
	{
		AiReader	reader = rows->elements;

		reader.at = rows->next_at;
		for (uint64 i = 0; i < count; i++)
			ai_codec_skip_value(&reader, 1);
		rows->next_at = reader.at;
		return;
	}
	for (uint64 i = 0; i < count * rows->row_elements; i++)
	{
		uint32		bytes;

		(void) ai_codec_read_bytes(&rows->value, &rows->next_at, &bytes);
	}
}

/* Moves to a row; rows that are taken in order are each passed once. */
static void
seek_row(AiRows *rows, uint64 row)
{
	if (row < rows->next_row)
	{
		rows->next_row = 0;
		rows->next_at = rows->value.kind == AI_VALUE_SEQUENCE ? rows->elements.at :
			rows->value.data;
	}
	pass_rows(rows, row - rows->next_row);
}

void
ai_rows_append(AiRows *rows, uint64 from, uint64 count, StringInfo frame)
{
	const AiValue *value = &rows->value;
	AiShape		shape = value->shape;
	AiTensorWriter tensor;

	Assert(from + count <= rows->count);
	if (value->kind == AI_VALUE_TENSOR && ai_datatype_bytes(value->datatype) > 0)
	{
		shape.dims[0] = (uint32) count;
		ai_codec_begin_tensor(frame, value->index, value->datatype, &shape, &tensor);
		memcpy(frame->data + tensor.data_offset, ai_rows_data(rows, from),
			   count * rows->row_bytes);
		ai_codec_end_tensor(frame, &tensor);
		return;
	}
	seek_row(rows, from);
	if (value->kind == AI_VALUE_TENSOR)
	{
		const char *start = rows->next_at;

		shape.dims[0] = (uint32) count;
		ai_codec_begin_tensor(frame, value->index, value->datatype, &shape, &tensor);
		pass_rows(rows, count);
		appendBinaryStringInfo(frame, start, (int) (rows->next_at - start));
		ai_codec_end_tensor(frame, &tensor);
	}
	else
	{
		const char *start = rows->next_at;

		ai_codec_write_header(frame, value->index, AI_VALUE_SEQUENCE, count);
		pass_rows(rows, count);
		appendBinaryStringInfo(frame, start, (int) (rows->next_at - start));
	}
}
