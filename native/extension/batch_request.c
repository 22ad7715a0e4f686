/*
 * batch_request.c
 *	  One request of a batch: rows that share a frame, one tensor an input.
 *
 * The bytes of the first input grow at the end of the frame itself, those of the
 * others beside it until the frame is finished.  What one more row costs is a
 * comparison of layouts and a copy of its elements.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/memutils.h"

#include "array_tensor.h"
#include "batch_request.h"

AiBatchRequest *
ai_batch_request_create(MemoryContext context)
{
	MemoryContext caller = MemoryContextSwitchTo(context);
	AiBatchRequest *request = palloc0(sizeof(AiBatchRequest));

	ai_client_request_init(&request->client, context);
	initStringInfo(&request->frame);
	MemoryContextSwitchTo(caller);
	return request;
}

/* Makes room for so many columns. */
static void
reserve_columns(AiBatchRequest *request, int count)
{
	MemoryContext caller;

	if (count <= request->columns_allocated)
		return;
	caller = MemoryContextSwitchTo(request->client.context);
	request->columns = request->columns == NULL ? palloc(count * sizeof(AiBatchColumn)) :
		repalloc(request->columns, count * sizeof(AiBatchColumn));
	for (int i = request->columns_allocated; i < count; i++)
		initStringInfo(&request->columns[i].own);
	request->columns_allocated = count;
	MemoryContextSwitchTo(caller);
}

/* Starts to read the values of a request's frame; returns their number. */
static int
begin_values(const StringInfoData *frame, AiReader *reader)
{
	AiInferRequestHeader header;

	memcpy(&header, frame->data + sizeof(AiFrameHeader), sizeof(header));
	reader->start = frame->data + sizeof(AiFrameHeader);
	reader->end = frame->data + frame->len;
	reader->at = reader->start + AI_ALIGN8(sizeof(header) +
										   header.output_count * sizeof(uint16));
	return header.input_count;
}

/* Starts a column with the value of the first row; false if that takes no other. */
static bool
begin_column(AiBatchRequest *request, int place, const AiValue *value)
{
	AiBatchColumn *column = &request->columns[place];
	AiTensorWriter tensor;

	if (value->kind != AI_VALUE_TENSOR)
		return false;
	column->first = *value;
	column->is_shared = value->shape.rank == 0;
	if (!column->is_shared && value->shape.dims[0] != 1)
		return false;
	column->row_bytes = value->element_count * ai_datatype_bytes(value->datatype);
	column->bytes = place == 0 ? &request->frame : &column->own;
	if (place > 0)
		resetStringInfo(&column->own);
	ai_codec_begin_tensor(column->bytes, value->index, value->datatype, &value->shape, &tensor);
	column->header_offset = tensor.header_offset;
	column->data_offset = tensor.data_offset;
	column->bytes->len = tensor.data_offset;
	appendBinaryStringInfo(column->bytes, value->data, (int) value->count);
	return true;
}

/* Remembers the layout of arrays that need no more than a copy or a cast. */
static void
learn_array(AiBatchRequest *request, ArrayType *array)
{
	AiArrayLayout *layout = &request->array;
	const AiBatchColumn *column = &request->columns[0];

	layout->element_type = InvalidOid;
	if (array == NULL || request->column_count != 1 || column->is_shared)
		return;
	layout->datatype = column->first.datatype;
	if (!ai_array_is_castable(ARR_ELEMTYPE(array), layout->datatype))
		return;
	layout->rank = ARR_NDIM(array);
	memcpy(layout->dims, ARR_DIMS(array), layout->rank * sizeof(int));
	layout->elements = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	layout->row_bytes = (int) column->row_bytes;
	layout->is_copy = ai_array_is_copy(ARR_ELEMTYPE(array), layout->datatype);
	layout->element_type = ARR_ELEMTYPE(array);
}

/* Starts over with so many rows, none of them sent. */
static void
reset_request(AiBatchRequest *request, int rows, bool row_mode)
{
	request->row_mode = row_mode;
	request->rows = rows;
	request->is_open = false;
	request->column_count = 0;
	request->array.element_type = InvalidOid;
	request->is_posted = request->is_finished = false;
	request->is_unavailable = false;
	request->has_rows = false;
	request->part_count = 0;
	resetStringInfo(&request->frame);
}

void
ai_batch_request_begin(AiBatchRequest *request, const StringInfoData *row, bool row_mode,
					   bool is_mergeable, ArrayType *array)
{
	AiReader	reader;
	int			count = begin_values(row, &reader);

	reset_request(request, 1, row_mode);
	request->is_open = is_mergeable && row_mode && count > 0;
	if (request->is_open)
	{
		request->column_count = count;
		appendBinaryStringInfo(&request->frame, row->data, (int) (reader.at - row->data));
		reserve_columns(request, count);
		for (int i = 0; request->is_open && i < count; i++)
		{
			AiValue		value;

			ai_codec_read_value(&reader, &value);
			request->is_open = begin_column(request, i, &value);
		}
	}
	if (request->is_open)
	{
		learn_array(request, array);
		return;
	}
	resetStringInfo(&request->frame);
	appendBinaryStringInfo(&request->frame, row->data, row->len);
	request->column_count = 0;
}

/* True if a row's value goes into the column. */
static bool
fits_column(const AiBatchColumn *column, const AiValue *value)
{
	if (value->kind != AI_VALUE_TENSOR || value->index != column->first.index ||
		value->datatype != column->first.datatype ||
		value->shape.rank != column->first.shape.rank ||
		memcmp(value->shape.dims, column->first.shape.dims,
			   value->shape.rank * sizeof(uint32)) != 0)
		return false;
	return !column->is_shared ||
		(value->count == (uint64) (column->bytes->len - column->data_offset) &&
		 memcmp(value->data, column->bytes->data + column->data_offset, value->count) == 0);
}

bool
ai_batch_request_add(AiBatchRequest *request, const StringInfoData *row)
{
	AiReader	start;
	AiReader	reader;
	AiValue		value;
	int			count = begin_values(row, &start);

	if (!request->is_open || count != request->column_count)
		return false;
	reader = start;
	for (int i = 0; i < count; i++)
	{
		ai_codec_read_value(&reader, &value);
		if (!fits_column(&request->columns[i], &value))
			return false;
	}
	reader = start;
	for (int i = 0; i < count; i++)
	{
		AiBatchColumn *column = &request->columns[i];

		ai_codec_read_value(&reader, &value);
		if (!column->is_shared)
			appendBinaryStringInfo(column->bytes, value.data, (int) value.count);
	}
	request->rows++;
	return true;
}

bool
ai_batch_request_add_array(AiBatchRequest *request, const ArrayType *array)
{
	const AiArrayLayout *layout = &request->array;
	StringInfo	frame = &request->frame;

	if (unlikely(!request->is_open || ARR_ELEMTYPE(array) != layout->element_type ||
				 ARR_NDIM(array) != layout->rank || ARR_HASNULL(array)))
		return false;
	for (int i = 0; i < layout->rank; i++)
	{
		if (unlikely(ARR_DIMS(array)[i] != layout->dims[i]))
			return false;
	}
	if (unlikely(frame->len + layout->row_bytes >= frame->maxlen))
		enlargeStringInfo(frame, layout->row_bytes);
	if (layout->is_copy)
		memcpy(frame->data + frame->len, ARR_DATA_PTR(array), layout->row_bytes);
	else if (unlikely(!ai_array_cast(array, layout->elements, frame->data + frame->len)))
		return false;
	frame->len += layout->row_bytes;
	request->rows++;
	return true;
}

/* Returns where the elements of another row of features go, or NULL. */
static inline char *
room_for_features(AiBatchRequest *request, const AiFeaturePlan *plan)
{
	StringInfo	frame = &request->frame;

	if (unlikely(!request->is_open || request->column_count != 1 ||
				 request->columns[0].row_bytes != (uint64) plan->row_bytes))
		return NULL;
	if (unlikely(frame->len + plan->row_bytes >= frame->maxlen))
		enlargeStringInfo(frame, plan->row_bytes);
	return frame->data + frame->len;
}

bool
ai_batch_request_add_features(AiBatchRequest *request, const AiFeaturePlan *plan,
							  const Jsonb *row)
{
	char	   *elements = room_for_features(request, plan);

	if (unlikely(elements == NULL || !ai_feature_plan_write(plan, row, elements)))
		return false;
	request->frame.len += plan->row_bytes;
	request->rows++;
	return true;
}

bool
ai_batch_request_add_columns(AiBatchRequest *request, const AiColumnPlan *plan,
							 const Datum *values, const bool *nulls)
{
	char	   *elements = room_for_features(request, plan->features);

	if (unlikely(elements == NULL || !ai_column_plan_write(plan, values, nulls, elements)))
		return false;
	request->frame.len += plan->features->row_bytes;
	request->rows++;
	return true;
}

/* Appends zero bytes up to a multiple of 8. */
static void
pad(StringInfo bytes)
{
	while (bytes->len % 8 != 0)
		appendStringInfoCharMacro(bytes, '\0');
}

void
ai_batch_request_finish(AiBatchRequest *request)
{
	uint32		rows = (uint32) request->rows;

	request->is_open = false;
	for (int i = 0; i < request->column_count; i++)
	{
		AiBatchColumn *column = &request->columns[i];
		uint64		bytes = (uint64) (column->bytes->len - column->data_offset);
		char	   *header = column->bytes->data + column->header_offset;

		memcpy(header + offsetof(AiValueHeader, count), &bytes, sizeof(bytes));
		if (!column->is_shared)
			memcpy(header + sizeof(AiValueHeader), &rows, sizeof(rows));
		pad(column->bytes);
		if (i > 0)
			appendBinaryStringInfo(&request->frame, column->own.data, column->own.len);
	}
}

void
ai_batch_request_begin_part(AiBatchRequest *request, const AiBatchRequest *whole, int from,
							int count)
{
	AiReader	reader;
	int			values = begin_values(&whole->frame, &reader);

	Assert(from + count <= whole->rows);
	reset_request(request, count, whole->row_mode);
	appendBinaryStringInfo(&request->frame, whole->frame.data,
						   (int) (reader.at - whole->frame.data));
	for (int i = 0; i < values; i++)
	{
		const char *start = reader.at;
		AiRows		rows;

		if (ai_rows_read(&rows, &reader, (uint64) whole->rows))
			ai_rows_append(&rows, (uint64) from, (uint64) count, &request->frame);
		else
			appendBinaryStringInfo(&request->frame, start, (int) (reader.at - start));
	}
}

bool
ai_batch_request_read_rows(AiBatchRequest *request)
{
	AiReader	reader;
	int			count = ai_codec_begin_read(&reader, request->client.reply.payload,
											request->client.reply.payload_bytes);

	if (count > request->outputs_allocated)
	{
		if (request->outputs != NULL)
			pfree(request->outputs);
		request->outputs = NULL;
		request->outputs = MemoryContextAlloc(request->client.context, count * sizeof(AiRows));
		request->outputs_allocated = count;
	}
	request->has_rows = true;
	for (int i = 0; request->has_rows && i < count; i++)
		request->has_rows = ai_rows_read(&request->outputs[i], &reader, (uint64) request->rows);
	return request->has_rows;
}

/* Gives back the memory of bytes that are more than so many. */
static void
trim_bytes(StringInfo bytes, uint64 keep_bytes, MemoryContext context)
{
	MemoryContext caller;

	if ((uint64) bytes->maxlen <= keep_bytes)
		return;
	caller = MemoryContextSwitchTo(context);
	pfree(bytes->data);
	initStringInfo(bytes);
	MemoryContextSwitchTo(caller);
}

void
ai_batch_request_trim(AiBatchRequest *request, uint64 keep_bytes)
{
	AiClientRequest *client = &request->client;

	trim_bytes(&request->frame, keep_bytes, client->context);
	for (int i = 0; i < request->columns_allocated; i++)
		trim_bytes(&request->columns[i].own, keep_bytes, client->context);
	if (client->buffer_bytes > keep_bytes)
	{
		pfree(client->buffer);
		client->buffer = NULL;
		client->buffer_bytes = 0;
	}
}
