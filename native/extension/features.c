/*
 * features.c
 *	  Rows of JSON into tensors, by the declared features of a version.
 *
 * Works straight on binary jsonb: each feature is one walk along its path, and
 * what it finds goes into the frame.  Every value that does not fit ends here,
 * before the socket, with the feature, what it takes and what it got.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "features.h"
#include "json_access.h"
#include "json_value.h"

#define SHOWN_CATEGORIES 20
#define INTERRUPT_ROWS 1024

/* The feature that is being written, and where to. */
typedef struct AiFeatureWriter
{
	AiRequest  *request;
	const AiFeatureGroup *group;
	const AiType *type;			/* of the input */
	const AiFeature *feature;
	int			offset;			/* of the next element in the frame */
	int			element_bytes;
} AiFeatureWriter;

/* Why a feature has no value. */
typedef enum AiAbsence
{
	AI_ABSENCE_MISSING,
	AI_ABSENCE_NULL,
	AI_ABSENCE_EMPTY			/* an aggregate over nothing */
} AiAbsence;

static const char *
expectation(const AiFeature *feature)
{
	if (feature->aggregate != AI_AGGREGATE_NONE)
		return "an array";
	switch (feature->type)
	{
		case AI_FEATURE_NUMBER:
			return "a number";
		case AI_FEATURE_BOOLEAN:
			return "a boolean";
		case AI_FEATURE_STRING:
			return "a string";
		default:
			return "a category";
	}
}

/* Returns where the feature is read from, as a sentence. */
static char *
describe_source(const AiFeature *feature)
{
	StringInfoData out;

	initStringInfo(&out);
	if (feature->path.count == 0)
		appendStringInfoString(&out, "It is the input itself");
	else
		appendStringInfoString(&out, "It is read from \"");
	for (int i = 0; i < feature->path.count; i++)
		appendStringInfo(&out, "%s%s", i > 0 ? "." : "", feature->path.steps[i]);
	appendStringInfo(&out, "%s and takes %s.", feature->path.count > 0 ? "\"" : "",
					 expectation(feature));
	return out.data;
}

static void
raise_missing(const AiFeatureWriter *writer, AiAbsence absence)
{
	static const char *const words[] = {"missing", "null", "empty"};

	ereport(ERROR,
			(errcode(absence == AI_ABSENCE_NULL ? ERRCODE_NULL_VALUE_NOT_ALLOWED :
					 ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("feature \"%s\" of model \"%s\" is %s", writer->feature->name,
					writer->request->model->name, words[absence]),
			 errdetail("%s", describe_source(writer->feature)),
			 errhint("Declare a default, or \"required\": false, if it may be missing.")));
}

static void
raise_value(const AiFeatureWriter *writer, const char *expected, const JsonbValue *value)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("feature \"%s\" of model \"%s\" expects %s, not %s",
					writer->feature->name, writer->request->model->name, expected,
					ai_json_show(value)),
			 errdetail("%s", describe_source(writer->feature))));
}

static void
raise_number(const AiFeatureWriter *writer, AiNumberStatus status, const char *shown)
{
	bool		is_range = status == AI_NUMBER_OUT_OF_RANGE;

	ereport(ERROR,
			(errcode(is_range ? ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE :
					 ERRCODE_INVALID_PARAMETER_VALUE),
			 is_range ?
			 errmsg("value %s of feature \"%s\" of model \"%s\" is out of range for %s", shown,
					writer->feature->name, writer->request->model->name,
					ai_datatype_name(writer->type->datatype)) :
			 errmsg("value %s of feature \"%s\" of model \"%s\" is not an integer", shown,
					writer->feature->name, writer->request->model->name),
			 errdetail("%s", describe_source(writer->feature))));
}

static void
raise_category(const AiFeatureWriter *writer, const JsonbValue *value)
{
	const AiFeature *feature = writer->feature;
	StringInfoData known;

	initStringInfo(&known);
	for (int i = 0; i < feature->category_count && i < SHOWN_CATEGORIES; i++)
		appendStringInfo(&known, "%s%s", i > 0 ? ", " : "",
						 ai_json_show(&feature->categories[i]));
	if (feature->category_count > SHOWN_CATEGORIES)
		appendStringInfo(&known, " and %d more", feature->category_count - SHOWN_CATEGORIES);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("feature \"%s\" of model \"%s\" has no category %s", feature->name,
					writer->request->model->name, ai_json_show(value)),
			 errdetail("Its categories are %s.", known.data),
			 errhint("Declare \"unknown\" if others may come.")));
}

/* Follows a path; false if it ends before its last step. */
static bool
follow_path(const AiFeatureWriter *writer, const AiPath *path, const JsonbValue *root,
			JsonbValue *value)
{
	*value = *root;
	for (int i = 0; i < path->count; i++)
	{
		JsonbValue	next;

		if (ai_json_is_object(value))
		{
			if (!ai_json_member(value, path->steps[i], path->step_bytes[i], &next))
				return false;
		}
		else if (ai_json_is_array(value))
		{
			char	   *end;
			long		place = strtol(path->steps[i], &end, 10);

			if (*end != '\0' || end == path->steps[i])
				raise_value(writer, "an object on its path", value);
			if (place < 0)
				place += (long) ai_json_count(value);
			if (place < 0 || place >= (long) ai_json_count(value))
				return false;
			ai_json_element(value, (uint32) place, &next);
		}
		else if (value->type == jbvNull)
			return false;
		else
			raise_value(writer, "an object on its path", value);
		*value = next;
	}
	return true;
}

/* Writes one number at the writer's place, and moves on. */
static void
put_double(AiFeatureWriter *writer, double number)
{
	AiNumberStatus status;

	if (writer->type->datatype == AI_DATATYPE_BOOL)
	{
		writer->request->frame->data[writer->offset] = number != 0;
		status = AI_NUMBER_OK;
	}
	else
		status = ai_number_from_double(writer->type->datatype, number,
									   writer->request->frame->data + writer->offset);
	if (status != AI_NUMBER_OK)
		raise_number(writer, status,
					 DatumGetCString(DirectFunctionCall1(float8out, Float8GetDatum(number))));
	writer->offset += writer->element_bytes;
}

static void
put_number(AiFeatureWriter *writer, const JsonbValue *value)
{
	char	   *element = writer->request->frame->data + writer->offset;
	AiNumberStatus status = AI_NUMBER_OK;

	if (value->type == jbvNumeric)
		status = ai_number_from_numeric(writer->type->datatype, value->val.numeric, element);
	else if (value->type != jbvString || !ai_datatype_is_float(writer->type->datatype) ||
			 !ai_number_from_name(writer->type->datatype, value->val.string.val,
								  value->val.string.len, element))
		raise_value(writer, "a number", value);
	if (status != AI_NUMBER_OK)
		raise_number(writer, status, ai_json_show(value));
	writer->offset += writer->element_bytes;
}

/* Writes a category as one-hot elements, as its place, or as the string itself. */
static void
put_category(AiFeatureWriter *writer, const JsonbValue *value)
{
	const AiFeature *feature = writer->feature;
	int			place = 0;

	while (place < feature->category_count &&
		   !ai_json_scalars_equal(&feature->categories[place], value))
		place++;
	if (place == feature->category_count && feature->unknown == AI_UNKNOWN_ERROR)
		raise_category(writer, value);
	if (feature->encoding == AI_ENCODING_PLAIN)
	{
		char	   *text = ai_json_scalar_text(value);
		JsonbValue	string;

		string.type = jbvString;
		string.val.string.val = text;
		string.val.string.len = (int) strlen(text);
		ai_json_append_string(writer->request->frame, &string);
	}
	else if (feature->encoding == AI_ENCODING_ORDINAL)
		put_double(writer, place == feature->category_count &&
				   feature->unknown == AI_UNKNOWN_VALUE ? feature->unknown_value : place);
	else
	{
		for (int i = 0; i < feature->width; i++)
			put_double(writer, i == place ? 1 : 0);
	}
}

/* Writes what is not missing. */
static void
put_value(AiFeatureWriter *writer, const JsonbValue *value)
{
	if (value->type == jbvBinary)
		raise_value(writer, expectation(writer->feature), value);
	switch (writer->feature->type)
	{
		case AI_FEATURE_NUMBER:
			put_number(writer, value);
			break;
		case AI_FEATURE_BOOLEAN:
			if (value->type != jbvBool)
				raise_value(writer, "a boolean", value);
			put_double(writer, value->val.boolean ? 1 : 0);
			break;
		case AI_FEATURE_STRING:
			if (value->type != jbvString)
				raise_value(writer, "a string", value);
			ai_json_append_string(writer->request->frame, value);
			break;
		case AI_FEATURE_CATEGORY:
			put_category(writer, value);
			break;
	}
}

/* Writes what stands for a missing value: the default, else NaN, "" or no category. */
static void
put_missing(AiFeatureWriter *writer, AiAbsence absence)
{
	const AiFeature *feature = writer->feature;

	if (feature->has_default)
	{
		put_value(writer, &feature->fallback);
		return;
	}
	if (feature->required)
		raise_missing(writer, absence);
	if (writer->type->datatype == AI_DATATYPE_BYTES)
		ai_codec_append_bytes(writer->request->frame, "", 0);
	else if (feature->type == AI_FEATURE_CATEGORY && feature->encoding == AI_ENCODING_ONEHOT)
	{
		for (int i = 0; i < feature->width; i++)
			put_double(writer, 0);
	}
	else
		put_double(writer, get_float8_nan());
}

typedef struct AiAccumulator
{
	int64		count;
	double		sum;
	double		min;
	double		max;
} AiAccumulator;

static void
accumulate(const AiFeatureWriter *writer, AiAccumulator *all, const JsonbValue *value)
{
	double		number = 0;

	if (writer->feature->aggregate != AI_AGGREGATE_COUNT)
	{
		if (value->type != jbvNumeric)
			raise_value(writer, "an array of numbers", value);
		if (ai_number_from_numeric(AI_DATATYPE_FP64, value->val.numeric, &number) != AI_NUMBER_OK)
			raise_number(writer, AI_NUMBER_OUT_OF_RANGE, ai_json_show(value));
	}
	all->min = all->count == 0 ? number : Min(all->min, number);
	all->max = all->count == 0 ? number : Max(all->max, number);
	all->sum += number;
	all->count++;
}

/* Writes an aggregate over an array; nulls and missing members do not count. */
static void
put_aggregate(AiFeatureWriter *writer, const JsonbValue *array)
{
	const AiFeature *feature = writer->feature;
	AiAccumulator all = {0};
	JsonbIterator *it;
	JsonbValue	element;
	JsonbValue	value;

	if (!ai_json_is_array(array))
		raise_value(writer, "an array", array);
	it = JsonbIteratorInit(array->val.binary.data);
	(void) JsonbIteratorNext(&it, &element, true);
	while (JsonbIteratorNext(&it, &element, true) == WJB_ELEM)
	{
		if (follow_path(writer, &feature->of, &element, &value) && value.type != jbvNull)
			accumulate(writer, &all, &value);
	}
	if (feature->aggregate == AI_AGGREGATE_COUNT)
		put_double(writer, (double) all.count);
	else if (feature->aggregate == AI_AGGREGATE_SUM)
		put_double(writer, all.sum);
	else if (all.count == 0)
		put_missing(writer, AI_ABSENCE_EMPTY);
	else if (feature->aggregate == AI_AGGREGATE_AVG)
		put_double(writer, all.sum / (double) all.count);
	else
		put_double(writer, feature->aggregate == AI_AGGREGATE_MIN ? all.min : all.max);
}

static void
put_feature(AiFeatureWriter *writer, const JsonbValue *row)
{
	JsonbValue	value;
	bool		found = follow_path(writer, &writer->feature->path, row, &value);

	if (found && value.type != jbvNull)
	{
		if (writer->feature->aggregate != AI_AGGREGATE_NONE)
			put_aggregate(writer, &value);
		else
			put_value(writer, &value);
	}
	else if (writer->feature->aggregate == AI_AGGREGATE_COUNT && !writer->feature->required &&
			 !writer->feature->has_default)
		put_double(writer, 0);
	else
		put_missing(writer, found ? AI_ABSENCE_NULL : AI_ABSENCE_MISSING);
}

static void
put_row(AiFeatureWriter *writer, const JsonbValue *row)
{
	for (int i = 0; i < writer->group->count; i++)
	{
		writer->feature = &writer->group->features[i];
		put_feature(writer, row);
	}
}

/* The shape that so many rows of a group's width have. */
static void
group_shape(AiRequest *request, const AiFeatureGroup *group, const AiType *type, uint32 rows,
			AiShape *shape)
{
	shape->rank = type->rank == AI_RANK_ANY ? 2 : type->rank;
	if (shape->rank == 2)
	{
		shape->dims[0] = rows;
		shape->dims[1] = (uint32) group->width;
	}
	else if (shape->rank == 1 && type->dims[0].size == AI_DIM_ANY && group->width == 1)
		shape->dims[0] = rows;
	else if (rows != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("model \"%s\" takes one row, not %u", request->model->name, rows),
				 errdetail("%s", ai_model_takes(request->model))));
	else if (shape->rank == 1)
		shape->dims[0] = (uint32) group->width;
}

/* Writes the tensor of one input: a row, or all rows of an array. */
static void
write_group(AiRequest *request, const AiFeatureGroup *group, const JsonbValue *root)
{
	AiFeatureWriter writer = {.request = request, .group = group};
	uint32		rows = request->row_mode ? 1 : ai_json_count(root);
	AiTensorWriter tensor;
	AiShape		shape;

	writer.type = ai_type_value(request->model->compiled->signature->inputs[group->input].type);
	writer.element_bytes = (int) ai_datatype_bytes(writer.type->datatype);
	group_shape(request, group, writer.type, rows, &shape);
	ai_request_check_shape(request, group->input, writer.type, &shape);
	ai_codec_begin_tensor(request->frame, group->input, writer.type->datatype, &shape, &tensor);
	writer.offset = tensor.data_offset;
	if (request->row_mode)
		put_row(&writer, root);
	else
	{
		JsonbIterator *it = JsonbIteratorInit(root->val.binary.data);
		JsonbValue	row;
		uint32		written = 0;

		(void) JsonbIteratorNext(&it, &row, true);
		while (JsonbIteratorNext(&it, &row, true) == WJB_ELEM)
		{
			put_row(&writer, &row);
			if (++written % INTERRUPT_ROWS == 0)
				CHECK_FOR_INTERRUPTS();
		}
	}
	ai_codec_end_tensor(request->frame, &tensor);
}

void
ai_features_write_request(AiRequest *request, Jsonb *input, const uint16 *outputs,
						  int output_count)
{
	const AiInputSpec *spec = request->model->compiled->input;
	JsonbValue	root;

	ai_json_root(input, &root);
	request->row_mode = !ai_json_is_array(&root);
	ai_codec_begin_infer(request->frame, request->model->sha256, outputs, output_count,
						 spec->count);
	for (int i = 0; i < spec->count; i++)
		write_group(request, &spec->groups[i], &root);
}
