/*
 * json_access.c
 *	  Short ways into binary jsonb.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "json_access.h"

#define SHOWN_BYTES 60			/* of a value in a message */

void
ai_json_root(Jsonb *json, JsonbValue *value)
{
	if (JB_ROOT_IS_SCALAR(json))
	{
		JsonbExtractScalar(&json->root, value);
		return;
	}
	value->type = jbvBinary;
	value->val.binary.data = &json->root;
	value->val.binary.len = VARSIZE(json) - VARHDRSZ;
}

bool
ai_json_is_object(const JsonbValue *value)
{
	return value->type == jbvBinary && JsonContainerIsObject(value->val.binary.data);
}

bool
ai_json_is_array(const JsonbValue *value)
{
	return value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data);
}

uint32
ai_json_count(const JsonbValue *value)
{
	Assert(value->type == jbvBinary);
	return JsonContainerSize(value->val.binary.data);
}

bool
ai_json_member(const JsonbValue *object, const char *name, int name_bytes, JsonbValue *member)
{
	Assert(ai_json_is_object(object));
	return getKeyJsonValueFromContainer(object->val.binary.data, name, name_bytes,
										member) != NULL;
}

bool
ai_json_given(const JsonbValue *object, const char *name, JsonbValue *member)
{
	return ai_json_member(object, name, (int) strlen(name), member) &&
		member->type != jbvNull;
}

void
ai_json_element(const JsonbValue *array, uint32 place, JsonbValue *element)
{
	JsonbValue *found;

	Assert(ai_json_is_array(array));
	found = getIthJsonbValueFromContainer(array->val.binary.data, place);
	Assert(found != NULL);
	*element = *found;
	pfree(found);
}

void
ai_json_each(const JsonbValue *object, AiJsonVisit visit, void *arg)
{
	JsonbIterator *it = JsonbIteratorInit(object->val.binary.data);
	JsonbValue	key;
	JsonbValue	value;
	JsonbIteratorToken token = JsonbIteratorNext(&it, &key, true);

	Assert(token == WJB_BEGIN_OBJECT);
	while ((token = JsonbIteratorNext(&it, &key, true)) == WJB_KEY)
	{
		(void) JsonbIteratorNext(&it, &value, true);
		visit(&key, &value, arg);
	}
	(void) token;
}

char *
ai_json_cstring(const JsonbValue *value)
{
	Assert(value->type == jbvString);
	return pnstrdup(value->val.string.val, value->val.string.len);
}

const char *
ai_json_kind(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvNull:
			return "null";
		case jbvString:
			return "a string";
		case jbvNumeric:
			return "a number";
		case jbvBool:
			return "a boolean";
		default:
			return ai_json_is_object(value) ? "an object" : "an array";
	}
}

char *
ai_json_show(const JsonbValue *value)
{
	char	   *text;
	int			bytes;

	switch (value->type)
	{
		case jbvNull:
			return pstrdup("null");
		case jbvBool:
			return pstrdup(value->val.boolean ? "true" : "false");
		case jbvNumeric:
			text = DatumGetCString(DirectFunctionCall1(numeric_out,
													   NumericGetDatum(value->val.numeric)));
			break;
		case jbvString:
			text = psprintf("\"%.*s\"", value->val.string.len, value->val.string.val);
			break;
		default:
			return pstrdup(ai_json_kind(value));
	}
	bytes = (int) strlen(text);
	if (bytes > SHOWN_BYTES)
		strcpy(text + pg_mbcliplen(text, bytes, SHOWN_BYTES - 4), "...");
	return text;
}

bool
ai_json_equals(const JsonbValue *value, const char *text)
{
	return value->type == jbvString &&
		(size_t) value->val.string.len == strlen(text) &&
		memcmp(value->val.string.val, text, value->val.string.len) == 0;
}

void
ai_json_copy_scalar(JsonbValue *to, const JsonbValue *from)
{
	*to = *from;
	if (from->type == jbvString)
		to->val.string.val = pnstrdup(from->val.string.val, from->val.string.len);
	else if (from->type == jbvNumeric)
		to->val.numeric = DatumGetNumericCopy(NumericGetDatum(from->val.numeric));
}

bool
ai_json_scalars_equal(const JsonbValue *a, const JsonbValue *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type)
	{
		case jbvNull:
			return true;
		case jbvBool:
			return a->val.boolean == b->val.boolean;
		case jbvNumeric:
			return DatumGetBool(DirectFunctionCall2(numeric_eq,
													NumericGetDatum(a->val.numeric),
													NumericGetDatum(b->val.numeric)));
		case jbvString:
			return a->val.string.len == b->val.string.len &&
				memcmp(a->val.string.val, b->val.string.val, a->val.string.len) == 0;
		default:
			return false;
	}
}

char *
ai_json_scalar_text(const JsonbValue *value)
{
	if (value->type == jbvString)
		return ai_json_cstring(value);
	if (value->type == jbvNumeric)
		return DatumGetCString(DirectFunctionCall1(numeric_out,
												   NumericGetDatum(value->val.numeric)));
	return ai_json_show(value);
}
