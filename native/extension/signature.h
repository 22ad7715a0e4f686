/*
 * signature.h
 *	  What a version takes and gives: names, types and shapes of its inputs and
 *	  outputs, read from the signature that the server wrote at creation.
 *
 * Everything above the codec checks against it, so that a wrong input is an
 * error in the backend, before the socket.
 */
#ifndef AI_RUNTIME_SIGNATURE_H
#define AI_RUNTIME_SIGNATURE_H

#include "lib/stringinfo.h"
#include "protocol.h"
#include "utils/jsonb.h"

typedef enum AiTypeKind
{
	AI_TYPE_TENSOR,
	AI_TYPE_SEQUENCE,
	AI_TYPE_MAP,
	AI_TYPE_OPTIONAL
} AiTypeKind;

#define AI_DIM_ANY (-1)			/* symbolic or unknown */
#define AI_RANK_ANY (-1)

typedef struct AiDim
{
	int64		size;			/* AI_DIM_ANY unless fixed */
	int			symbol;			/* place in AiSignature.symbols, or -1 */
} AiDim;

typedef struct AiType
{
	AiTypeKind	kind;
	uint8		datatype;		/* of a tensor */
	uint8		key_datatype;	/* of a map */
	int			rank;			/* of a tensor, or AI_RANK_ANY */
	AiDim	   *dims;
	struct AiType *element;		/* of a sequence, a map or an optional */
} AiType;

/* An input or an output. */
typedef struct AiPort
{
	char	   *name;
	int			name_bytes;
	AiType	   *type;
} AiPort;

/* Whether rows may share an execution, as the server found out at creation. */
typedef enum AiBatchMode
{
	AI_BATCH_UNKNOWN,			/* the signature does not say */
	AI_BATCH_OFF,
	AI_BATCH_ON					/* rows come out as on their own, or nearly so */
} AiBatchMode;

typedef struct AiSignature
{
	AiBatchMode batch;
	int			input_count;
	AiPort	   *inputs;
	int			output_count;
	AiPort	   *outputs;
	int			symbol_count;
	char	  **symbols;		/* names of symbolic dimensions, each once */
} AiSignature;

/* Returns the signature in the current memory context, or raises what is wrong with it. */
extern AiSignature *ai_signature_parse(Jsonb *json);

/* Returns the place of a name among ports, or -1. */
extern int	ai_signature_find(const AiPort *ports, int count, const char *name, int name_bytes);

/* Appends a type in words, such as FP32[N,32]. */
extern void ai_signature_append_type(StringInfo out, const AiSignature *signature,
									 const AiType *type);

/* Returns all inputs (or outputs) in words, such as "x FP32[N,32], y INT64[N]". */
extern char *ai_signature_describe(const AiSignature *signature, const AiPort *ports, int count);

/* Returns the datatype of a KServe name, or AI_DATATYPE_INVALID. */
extern uint8 ai_datatype_parse(const char *name, int name_bytes);

/* Returns the tensor type behind an optional, or the type itself. */
static inline const AiType *
ai_type_value(const AiType *type)
{
	return type->kind == AI_TYPE_OPTIONAL ? type->element : type;
}

#endif							/* AI_RUNTIME_SIGNATURE_H */
