/*
 * output_apply.c
 *	  A reply into what the output specification of a version makes of it.
 *
 * A pick takes the last axis away; labels and thresholds then name each element
 * that is left, whatever the shape, so one row and many follow the same rule.
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"

#include "errors.h"
#include "number.h"
#include "output_apply.h"

/* One output of the reply under one key of the specification. */
typedef struct AiApply
{
	AiOutputWriter *writer;
	const AiOutputKey *key;
	const AiValue *value;
	uint32		axis;			/* elements on the axis that a pick takes away */
	uint64		next;			/* element, or group of axis elements, to push */
	const char *at;				/* of the next string of a BYTES tensor */
} AiApply;

static void
raise_no_label(const AiApply *apply, const char *text)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("value %s of output \"%s\" of model \"%s\" has no label in \"%s\"", text,
					apply->writer->output, apply->writer->model->name, apply->key->key)));
}

static void
push_label(const AiApply *apply, const char *text)
{
	for (int i = 0; i < apply->key->label_count; i++)
	{
		if (strcmp(apply->key->labels[i].key, text) == 0)
		{
			JsonbValue	label = apply->key->labels[i].label;

			ai_output_push(apply->writer, &label);
			return;
		}
	}
	raise_no_label(apply, text);
}

static void
push_text(const AiApply *apply, const char *text)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, text);
	value.val.string.len = (int) strlen(text);
	ai_output_push(apply->writer, &value);
}

/*
 * True if the number is below the bound, which is taken in the number's own
 * precision: what prints as 0.7 is not below 0.7.
 */
static bool
is_below(uint8 datatype, double number, double bound)
{
	char		element[AI_NUMBER_BYTES];

	if (ai_datatype_is_float(datatype) &&
		ai_number_from_double(datatype, bound, element) == AI_NUMBER_OK)
		bound = ai_number_to_double(datatype, element);
	return number < bound;
}

/* Pushes one number: as threshold's label, as label of its value, or as it is. */
static void
push_number(const AiApply *apply, uint8 datatype, const char *element)
{
	const AiOutputKey *key = apply->key;
	double		number = ai_number_to_double(datatype, element);
	char		text[40];

	/* What is not finite has no label: it follows ai_runtime.nan_policy. */
	if (key->threshold_count > 0 && isfinite(number))
	{
		int			i = 0;

		while (key->thresholds[i].has_below &&
			   !is_below(datatype, number, key->thresholds[i].below))
			i++;
		push_text(apply, key->thresholds[i].label);
	}
	else if (key->label_count > 0 && key->pick != AI_PICK_CLASS && isfinite(number))
	{
		ai_number_to_text(datatype, element, text);
		push_label(apply, text);
	}
	else
		ai_output_push_number(apply->writer, datatype, element);
}

/* Pushes the next string of a BYTES tensor, or its label. */
static void
push_string(AiApply *apply)
{
	uint32		bytes;
	const char *utf8 = ai_codec_read_bytes(apply->value, &apply->at, &bytes);
	JsonbValue	string;

	ai_output_string(apply->writer, utf8, bytes, &string);
	if (apply->key->label_count > 0)
		push_label(apply, pnstrdup(string.val.string.val, string.val.string.len));
	else
		ai_output_push(apply->writer, &string);
}

/* Returns the place of the largest element of the last axis; NaN counts as none. */
static int64
find_largest(const AiApply *apply, const char *group)
{
	uint32		element_bytes = ai_datatype_bytes(apply->value->datatype);
	double		largest = -INFINITY;
	int64		place = 0;

	for (uint32 i = 0; i < apply->axis; i++)
	{
		double		number = ai_number_to_double(apply->value->datatype,
												 group + (uint64) i * element_bytes);

		if (number > largest)
		{
			largest = number;
			place = i;
		}
	}
	return place;
}

/* Returns the place that "index" picks, from the end if it is negative. */
static int64
checked_index(const AiApply *apply)
{
	int64		index = apply->key->index;

	if (index < 0)
		index += apply->axis;
	if (index < 0 || index >= apply->axis)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("output \"%s\" of model \"%s\" has no element " INT64_FORMAT,
						apply->writer->output, apply->writer->model->name,
						apply->key->index),
				 errdetail("Its last dimension is %u.", apply->axis)));
	return index;
}

/* Pushes the next element, or what the pick makes of the next group of them. */
static void
push_next(AiApply *apply)
{
	uint32		element_bytes = ai_datatype_bytes(apply->value->datatype);
	const char *group;
	int64		place;

	if (element_bytes == 0)
	{
		push_string(apply);
		return;
	}
	group = apply->value->data + apply->next++ * apply->axis * element_bytes;
	if (apply->key->pick == AI_PICK_ARGMAX)
	{
		place = find_largest(apply, group);
		push_number(apply, AI_DATATYPE_INT64, (const char *) &place);
	}
	else if (apply->key->pick == AI_PICK_INDEX)
		push_number(apply, apply->value->datatype,
					group + (uint64) checked_index(apply) * element_bytes);
	else
		push_number(apply, apply->value->datatype, group);
}

static void
push_level(AiApply *apply, const AiShape *shape, int depth)
{
	if (depth == shape->rank)
	{
		push_next(apply);
		return;
	}
	ai_output_token(apply->writer, WJB_BEGIN_ARRAY);
	for (uint32 i = 0; i < shape->dims[depth]; i++)
		push_level(apply, shape, depth + 1);
	ai_output_token(apply->writer, WJB_END_ARRAY);
}

static void
apply_to_tensor(AiApply *apply)
{
	AiShape		shape = apply->value->shape;
	bool		picks = apply->key->pick != AI_PICK_ALL;

	apply->axis = 1;
	apply->at = apply->value->data;
	if (picks && (shape.rank == 0 || apply->value->datatype == AI_DATATYPE_BYTES))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" cannot pick from output \"%s\" of model \"%s\"",
						apply->key->key, apply->writer->output, apply->writer->model->name),
				 errdetail("%s", ai_model_gives(apply->writer->model))));
	if (picks)
		apply->axis = shape.dims[--shape.rank];
	if (picks && apply->axis == 0)
		(void) checked_index(apply);
	if (apply->writer->row_mode)
		ai_output_strip_row(&shape);
	push_level(apply, &shape, 0);
}

/* Returns the place of the class among a map's keys. */
static uint64
find_class(const AiApply *apply, const AiValue *keys)
{
	const char *at = keys->data;
	uint32		element_bytes = ai_datatype_bytes(keys->datatype);
	size_t		class_bytes = strlen(apply->key->class);

	for (uint64 i = 0; i < keys->element_count; i++)
	{
		char		text[40];
		const char *name = text;
		uint32		bytes;

		if (element_bytes == 0)
			name = ai_codec_read_bytes(keys, &at, &bytes);
		else
		{
			ai_number_to_text(keys->datatype, at, text);
			bytes = (uint32) strlen(text);
			at += element_bytes;
		}
		if (bytes == class_bytes && memcmp(name, apply->key->class, bytes) == 0)
			return i;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("output \"%s\" of model \"%s\" has no class \"%s\"",
					apply->writer->output, apply->writer->model->name, apply->key->class)));
	return 0;
}

/* Pushes one class of the map that follows, or the key of its largest value. */
static void
apply_to_map(AiApply *apply, AiReader *reader)
{
	AiValue		keys;
	AiValue		values;
	uint64		place;

	ai_codec_read_value(reader, &keys);
	ai_codec_read_value(reader, &values);
	if (keys.kind != AI_VALUE_TENSOR || values.kind != AI_VALUE_TENSOR ||
		keys.element_count != values.element_count || keys.element_count == 0 ||
		ai_datatype_bytes(values.datatype) == 0)
		ai_raise_invalid_frame("A map does not have as many numbers as keys.");
	apply->value = &values;
	apply->axis = (uint32) values.element_count;
	if (apply->key->pick == AI_PICK_CLASS)
	{
		place = find_class(apply, &keys);
		push_number(apply, values.datatype,
					values.data + place * ai_datatype_bytes(values.datatype));
		return;
	}
	place = (uint64) find_largest(apply, values.data);
	apply->value = &keys;
	if (ai_datatype_bytes(keys.datatype) > 0)
	{
		push_number(apply, keys.datatype, keys.data + place * ai_datatype_bytes(keys.datatype));
		return;
	}
	apply->at = keys.data;
	while (place-- > 0)
	{
		uint32		bytes;

		(void) ai_codec_read_bytes(&keys, &apply->at, &bytes);
	}
	push_string(apply);
}

/* Applies a pick to the map of each row. */
static void
apply_to_maps(AiApply *apply, AiReader *reader, uint64 count)
{
	bool		unwrap = apply->writer->row_mode && count == 1;

	if (!unwrap)
		ai_output_token(apply->writer, WJB_BEGIN_ARRAY);
	for (uint64 i = 0; i < count; i++)
	{
		AiValue		map;

		ai_codec_read_value(reader, &map);
		if (map.kind != AI_VALUE_MAP)
			ai_raise_invalid_frame("A sequence of maps holds something else.");
		apply_to_map(apply, reader);
	}
	if (!unwrap)
		ai_output_token(apply->writer, WJB_END_ARRAY);
}

void
ai_output_apply(AiOutputWriter *writer, const AiOutputKey *key, AiReader *reader)
{
	AiReader	start = *reader;
	AiApply		apply = {.writer = writer, .key = key};
	AiValue		value;

	ai_codec_read_value(reader, &value);
	apply.value = &value;
	if (value.kind == AI_VALUE_TENSOR)
		apply_to_tensor(&apply);
	else if (key->pick != AI_PICK_ALL && value.kind == AI_VALUE_SEQUENCE)
		apply_to_maps(&apply, reader, value.count);
	else if (key->pick != AI_PICK_ALL && value.kind == AI_VALUE_MAP)
		apply_to_map(&apply, reader);
	else
		ai_output_write(writer, &start);
}
