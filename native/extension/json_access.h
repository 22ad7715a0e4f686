/*
 * json_access.h
 *	  Short ways into binary jsonb: members by name, elements, words for errors.
 *
 * Used by all that reads a signature, a specification, options or an input.
 */
#ifndef AI_RUNTIME_JSON_ACCESS_H
#define AI_RUNTIME_JSON_ACCESS_H

#include "utils/jsonb.h"

/* Fills value with the whole document; containers come as jbvBinary. */
extern void ai_json_root(Jsonb *json, JsonbValue *value);

/* True if the value is an object (an array) in binary form. */
extern bool ai_json_is_object(const JsonbValue *value);
extern bool ai_json_is_array(const JsonbValue *value);

/* Members of an object, elements of an array. */
extern uint32 ai_json_count(const JsonbValue *value);

/* Fills member with the object's member of that name; false if there is none. */
extern bool ai_json_member(const JsonbValue *object, const char *name, int name_bytes,
						   JsonbValue *member);

/* The same, and null counts as missing. */
extern bool ai_json_given(const JsonbValue *object, const char *name, JsonbValue *member);

/* Fills element with the array's element at that place. */
extern void ai_json_element(const JsonbValue *array, uint32 place, JsonbValue *element);

/* Walks the members of an object: calls visit for each. */
typedef void (*AiJsonVisit) (const JsonbValue *key, const JsonbValue *value, void *arg);
extern void ai_json_each(const JsonbValue *object, AiJsonVisit visit, void *arg);

/* Returns a string value as a palloc'd C string. */
extern char *ai_json_cstring(const JsonbValue *value);

/* Copies a scalar, and what it points to, into the current memory context. */
extern void ai_json_copy_scalar(JsonbValue *to, const JsonbValue *from);

/* True if two scalars are of one kind and equal. */
extern bool ai_json_scalars_equal(const JsonbValue *a, const JsonbValue *b);

/* Returns a scalar as text without quotes: a label, a class. */
extern char *ai_json_scalar_text(const JsonbValue *value);

/* Returns the kind of a value in words with an article: "a number", "null". */
extern const char *ai_json_kind(const JsonbValue *value);

/* Returns a value as short text for a message, cut after some 60 bytes. */
extern char *ai_json_show(const JsonbValue *value);

/* True if a string value equals the C string. */
extern bool ai_json_equals(const JsonbValue *value, const char *text);

#endif							/* AI_RUNTIME_JSON_ACCESS_H */
