/*
 * feature_plan.c
 *	  Declared features of a row of JSON, straight into the elements of a tensor.
 *
 * Raises nothing and allocates nothing: whatever is out of the ordinary makes the
 * caller take the long way, which says what is wrong.
 */
#include "postgres.h"

#include "feature_plan.h"
#include "number.h"

/* The order of keys in an object: shorter ones first. */
static inline int
compare_keys(const char *a, int a_bytes, const char *b, int b_bytes)
{
	if (a_bytes != b_bytes)
		return a_bytes < b_bytes ? -1 : 1;
	return memcmp(a, b, a_bytes);
}

static int
compare_features(const void *a, const void *b)
{
	const AiPlanFeature *left = a;
	const AiPlanFeature *right = b;

	return compare_keys(left->key, left->key_bytes, right->key, right->key_bytes);
}

/* Writes a number that is no value of the row: a place, 0 or 1. */
static bool
write_double(const AiFeaturePlan *plan, double number, char *element)
{
	return ai_number_from_double(plan->datatype, number, element) == AI_NUMBER_OK;
}

/* Returns the place of a category; the number of categories if it is none of them. */
static int
find_category(const AiFeature *feature, const JsonbValue *value)
{
	int			place = 0;

	for (; place < feature->category_count; place++)
	{
		const JsonbValue *category = &feature->categories[place];

		if (category->type == jbvString &&
			category->val.string.len == value->val.string.len &&
			memcmp(category->val.string.val, value->val.string.val,
				   value->val.string.len) == 0)
			break;
	}
	return place;
}

static bool
write_category(const AiFeaturePlan *plan, const AiPlanFeature *planned, const JsonbValue *value,
			   char *elements)
{
	const AiFeature *feature = planned->feature;
	int			place;

	if (value->type != jbvString)
		return false;
	place = find_category(feature, value);
	if (place == feature->category_count && feature->unknown == AI_UNKNOWN_ERROR)
		return false;
	if (feature->encoding == AI_ENCODING_ORDINAL)
		return write_double(plan, place == feature->category_count &&
							feature->unknown == AI_UNKNOWN_VALUE ? feature->unknown_value : place,
							elements);
	/* All bytes zero is 0 in every type. */
	memset(elements, 0, (size_t) feature->width * plan->element_bytes);
	return place >= feature->width ||
		write_double(plan, 1, elements + place * plan->element_bytes);
}

/* Writes a value that is not null; false if it takes the long way. */
static inline bool
write_value(const AiFeaturePlan *plan, const AiPlanFeature *planned, const JsonbValue *value,
			char *row)
{
	char	   *elements = row + planned->offset;

	switch (planned->feature->type)
	{
		case AI_FEATURE_NUMBER:
			return value->type == jbvNumeric &&
				ai_number_from_numeric(plan->datatype, value->val.numeric,
									   elements) == AI_NUMBER_OK;
		case AI_FEATURE_BOOLEAN:
			return value->type == jbvBool &&
				write_double(plan, value->val.boolean ? 1 : 0, elements);
		case AI_FEATURE_CATEGORY:
			return write_category(plan, planned, value, elements);
		default:
			return false;
	}
}

/* Puts into the row of missing values what the feature has for that. */
static void
plan_missing(AiFeaturePlan *plan, AiPlanFeature *planned)
{
	const AiFeature *feature = planned->feature;
	bool		has_value = false;

	if (feature->has_default)
		has_value = write_value(plan, planned, &feature->fallback, plan->missing);
	else if (!feature->required && feature->type == AI_FEATURE_CATEGORY &&
			 feature->encoding == AI_ENCODING_ONEHOT)
		has_value = true;		/* zeros */
	else if (!feature->required && ai_datatype_is_float(plan->datatype))
		has_value = ai_number_from_name(plan->datatype, "NaN", 3,
										plan->missing + planned->offset);
	planned->must_be_given = !has_value;
	plan->must_be_given += has_value ? 0 : 1;
}

AiFeaturePlan *
ai_feature_plan_compile(const AiSignature *signature, const AiInputSpec *spec)
{
	const AiFeatureGroup *group = &spec->groups[0];
	AiFeaturePlan *plan;
	int			offset = 0;

	if (spec->count != 1)
		return NULL;
	plan = palloc0(sizeof(AiFeaturePlan));
	plan->datatype = ai_type_value(signature->inputs[group->input].type)->datatype;
	plan->element_bytes = (int) ai_datatype_bytes(plan->datatype);
	plan->row_bytes = group->width * plan->element_bytes;
	/* Strings have no fixed size, and booleans are no numbers. */
	if (plan->element_bytes == 0 || plan->datatype == AI_DATATYPE_BOOL)
		return NULL;
	plan->feature_count = group->count;
	plan->features = palloc0(group->count * sizeof(AiPlanFeature));
	plan->missing = palloc0(plan->row_bytes);
	for (int i = 0; i < group->count; i++)
	{
		AiPlanFeature *planned = &plan->features[i];

		planned->feature = &group->features[i];
		if (planned->feature->path.count != 1 ||
			planned->feature->aggregate != AI_AGGREGATE_NONE)
			return NULL;
		planned->key = planned->feature->path.steps[0];
		planned->key_bytes = planned->feature->path.step_bytes[0];
		planned->offset = offset;
		offset += planned->feature->width * plan->element_bytes;
		plan_missing(plan, planned);
	}
	Assert(offset == plan->row_bytes);
	qsort(plan->features, plan->feature_count, sizeof(AiPlanFeature), compare_features);
	return plan;
}

bool
ai_feature_plan_write_value(const AiFeaturePlan *plan, const AiPlanFeature *planned,
							const JsonbValue *value, char *elements)
{
	return write_value(plan, planned, value, elements);
}

/* Fills in the scalar that a member of an object is; false for what holds others. */
static inline bool
read_scalar(JsonbValue *value, JEntry entry, char *data, uint32 start, uint32 end)
{
	if (JBE_ISNUMERIC(entry))
	{
		value->type = jbvNumeric;
		value->val.numeric = (Numeric) (data + INTALIGN(start));
	}
	else if (JBE_ISSTRING(entry))
	{
		value->type = jbvString;
		value->val.string.val = data + start;
		value->val.string.len = (int) (end - start);
	}
	else if (JBE_ISBOOL(entry))
	{
		value->type = jbvBool;
		value->val.boolean = JBE_ISBOOL_TRUE(entry);
	}
	else if (JBE_ISNULL(entry))
		value->type = jbvNull;
	else
		return false;
	return true;
}

/* Writes all features of one member; counts those that had to be given. */
static inline bool
write_member(const AiFeaturePlan *plan, int first, int end, const JsonbValue *value, char *row,
			 int *given)
{
	/* A null is as good as missing. */
	if (value->type == jbvNull)
		return true;
	for (int i = first; i < end; i++)
	{
		if (!write_value(plan, &plan->features[i], value, row))
			return false;
		*given += plan->features[i].must_be_given ? 1 : 0;
	}
	return true;
}

bool
ai_feature_plan_write(const AiFeaturePlan *plan, const Jsonb *row, char *elements)
{
	const JsonbContainer *object = &row->root;
	int			count = (int) JsonContainerSize(object);
	const JEntry *keys = object->children;
	const JEntry *values = keys + count;
	char	   *data = unconstify(char *, (const char *) (values + count));
	uint32		key_end = 0;
	uint32		value_end = 0;
	int			next = 0;
	int			given = 0;

	if (!JsonContainerIsObject(object))
		return false;
	memcpy(elements, plan->missing, plan->row_bytes);
	for (int i = 0; i < count; i++)
		JBE_ADVANCE_OFFSET(value_end, keys[i]);
	for (int i = 0; i < count && next < plan->feature_count; i++)
	{
		uint32		key_start = key_end;
		uint32		value_start = value_end;
		int			order = -1;
		int			first;
		JsonbValue	value;

		JBE_ADVANCE_OFFSET(key_end, keys[i]);
		JBE_ADVANCE_OFFSET(value_end, values[i]);
		while (next < plan->feature_count &&
			   (order = compare_keys(plan->features[next].key, plan->features[next].key_bytes,
									 data + key_start, (int) (key_end - key_start))) < 0)
			next++;
		if (order != 0)
			continue;
		first = next;
		while (next < plan->feature_count &&
			   compare_keys(plan->features[next].key, plan->features[next].key_bytes,
							data + key_start, (int) (key_end - key_start)) == 0)
			next++;
		if (!read_scalar(&value, values[i], data, value_start, value_end) ||
			!write_member(plan, first, next, &value, elements, &given))
			return false;
	}
	return given == plan->must_be_given;
}
