/*
 * errors.c
 *	  Turns codes and ERROR frames of the server into SQL errors.
 *
 * The texts come from another process: their lengths are checked before they
 * are used, and bytes that the database's encoding cannot hold are replaced.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "common/string.h"
#include "mb/pg_wchar.h"
#include "utils/guc.h"

#include "errors.h"

/* The three texts of an ERROR frame, not terminated. */
typedef struct ErrorTexts
{
	AiStatusCode code;
	const char *text[3];		/* message, detail, hint */
	uint32		bytes[3];
} ErrorTexts;

int
ai_errcode(AiStatusCode code)
{
	switch (code)
	{
		case AI_STATUS_OK:
			return ERRCODE_SUCCESSFUL_COMPLETION;
		case AI_STATUS_NOT_FOUND:
		case AI_STATUS_MODEL_UNKNOWN:
			return ERRCODE_UNDEFINED_OBJECT;
		case AI_STATUS_ALREADY_EXISTS:
			return ERRCODE_DUPLICATE_OBJECT;
		case AI_STATUS_INVALID_ARG:
			return ERRCODE_INVALID_PARAMETER_VALUE;
		case AI_STATUS_UNSUPPORTED:
			return ERRCODE_FEATURE_NOT_SUPPORTED;
		case AI_STATUS_UNAVAILABLE:
			return ERRCODE_CANNOT_CONNECT_NOW;
		case AI_STATUS_RESOURCE_EXHAUSTED:
			return ERRCODE_OUT_OF_MEMORY;
		case AI_STATUS_CANCELLED:
		case AI_STATUS_DEADLINE_EXCEEDED:
			return ERRCODE_QUERY_CANCELED;
		case AI_STATUS_PROTOCOL_VIOLATION:
			return ERRCODE_PROTOCOL_VIOLATION;
		case AI_STATUS_INTERNAL:
			return ERRCODE_INTERNAL_ERROR;
	}
	return ERRCODE_INTERNAL_ERROR;
}

/* Replaces control bytes, and the high ones too if asked, by question marks. */
static char *
replace_bytes(char *text, bool high_bytes)
{
	for (char *p = text; *p; p++)
	{
		unsigned char c = (unsigned char) *p;

		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f || (high_bytes && c >= 0x80))
			*p = '?';
	}
	return text;
}

/* Returns text converted from UTF-8, or NULL if some of it has no equivalent. */
static char *
convert_from_utf8(const char *text, size_t length)
{
	int			encoding = GetDatabaseEncoding();
	size_t		space = length * MAX_CONVERSION_GROWTH + 1;
	char	   *converted;
	Oid			procedure;

	if (!IsTransactionState())
		return NULL;
	procedure = FindDefaultConversionProc(PG_UTF8, encoding);
	if (!OidIsValid(procedure))
		return NULL;
	converted = palloc(space);
	if (pg_do_encoding_conversion_buf(procedure, PG_UTF8, encoding,
									  (unsigned char *) unconstify(char *, text), (int) length,
									  (unsigned char *) converted, (int) space,
									  true) != (int) length)
		return NULL;
	return converted;
}

char *
ai_text_from_server(const char *text, size_t length)
{
	char	   *copy = pnstrdup(text, length);
	char	   *converted;

	length = strlen(copy);
	replace_bytes(copy, false);
	if (!pg_verify_mbstr(PG_UTF8, copy, (int) length, true))
		return replace_bytes(copy, true);
	if (GetDatabaseEncoding() == PG_UTF8 || pg_is_ascii(copy))
		return copy;
	converted = convert_from_utf8(copy, length);
	return converted ? converted : replace_bytes(copy, true);
}

/* Reads an ERROR frame; false if its lengths do not fit. */
static bool
parse_error_frame(const char *payload, uint64 payload_bytes, ErrorTexts *texts)
{
	AiErrorHeader header;
	uint64		offset = sizeof(header);

	if (payload_bytes < sizeof(header))
		return false;
	memcpy(&header, payload, sizeof(header));
	texts->code = (AiStatusCode) header.code;
	texts->bytes[0] = header.message_bytes;
	texts->bytes[1] = header.detail_bytes;
	texts->bytes[2] = header.hint_bytes;
	for (int i = 0; i < 3; i++)
	{
		if (texts->bytes[i] > AI_MAX_ERROR_BYTES || texts->bytes[i] > payload_bytes - offset)
			return false;
		texts->text[i] = payload + offset;
		offset += texts->bytes[i];
	}
	return offset == payload_bytes && header.code != AI_STATUS_OK &&
		header.code <= AI_STATUS_MODEL_UNKNOWN;
}

AiStatusCode
ai_error_frame_code(const char *payload, uint64 payload_bytes)
{
	ErrorTexts	texts;

	return parse_error_frame(payload, payload_bytes, &texts) ? texts.code : AI_STATUS_OK;
}

void
ai_raise_timeout(int timeout_ms)
{
	ereport(ERROR,
			(errcode(ERRCODE_QUERY_CANCELED),
			 errmsg("inference timed out after %d ms", timeout_ms),
			 errhint("Raise ai_runtime.request_timeout or the option \"timeout_ms\", "
					 "or send less in one request.")));
}

void
ai_raise_invalid_frame(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROTOCOL_VIOLATION),
			 errmsg("invalid frame from inference server"),
			 errdetail("%s", detail)));
}

void
ai_raise_server_error(const char *payload, uint64 payload_bytes, int timeout_ms)
{
	ErrorTexts	texts;
	char	   *message;
	char	   *detail;
	char	   *hint;

	if (!parse_error_frame(payload, payload_bytes, &texts))
		ai_raise_invalid_frame("The texts of an error do not fit into its frame.");
	if (texts.code == AI_STATUS_DEADLINE_EXCEEDED && timeout_ms > 0)
		ai_raise_timeout(timeout_ms);

	message = ai_text_from_server(texts.text[0], texts.bytes[0]);
	detail = ai_text_from_server(texts.text[1], texts.bytes[1]);
	hint = ai_text_from_server(texts.text[2], texts.bytes[2]);
	if (texts.code == AI_STATUS_INTERNAL)
	{
		detail = *detail ? psprintf("%s\n%s", message, detail) : message;
		message = "inference server reported an internal error";
	}
	ereport(ERROR,
			(errcode(ai_errcode(texts.code)),
			 errmsg("%s", *message ? message : "inference failed"),
			 *detail ? errdetail("%s", detail) : 0,
			 *hint ? errhint("%s", hint) : 0));
}

void
ai_raise_not_preloaded(void)
{
	const char *current = GetConfigOption("shared_preload_libraries", true, false);
	bool		empty = current == NULL || *current == '\0';

	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("ai_runtime must be loaded via \"shared_preload_libraries\""),
			 errdetail("The inference server is started by a background worker, which "
					   "PostgreSQL registers only when it starts."),
			 errhint("Put this line into postgresql.conf and restart PostgreSQL (a reload is "
					 "not enough):\n"
					 "shared_preload_libraries = '%s%sai_runtime'\n"
					 "If the setting is assigned more than once, the last assignment wins; "
					 "postgresql.auto.conf and the command line come after postgresql.conf.",
					 empty ? "" : current, empty ? "" : ", ")));
}
