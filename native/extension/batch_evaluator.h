/*
 * batch_evaluator.h
 *	  Many rows of one ai_inference() call: where batch_scan.c gets its answers.
 *
 * The seam between the set path's two halves.  Above it (planner.c,
 * batch_scan.c) are plans, slots and expressions; below it (this file's .c,
 * client.c) are models, frames and replies.  Another evaluator may stand here
 * one day, so nothing above knows a socket and nothing below knows a plan.
 *
 * One evaluator is one call expression of a running node; its batches are
 * begun, filled, sent, waited for and taken in that order, and several may be
 * under way at once.  What a batch owns lives in a memory context of its own;
 * an error that leaves by longjmp needs no call here, since contexts and the
 * client's transaction callbacks clean up.
 */
#ifndef AI_RUNTIME_BATCH_EVALUATOR_H
#define AI_RUNTIME_BATCH_EVALUATOR_H

#include "postgres.h"

#include "utils/jsonb.h"

/* How the input of a row is given: by which overload of ai_inference(). */
typedef enum AiInputKind
{
	AI_INPUT_JSONB,
	AI_INPUT_JSON,
	AI_INPUT_TEXT,
	AI_INPUT_ARRAY,				/* real[], float8[], int4[], int8[], numeric[] */
	AI_INPUT_ROW				/* columns, in place of the jsonb made of them: see below */
} AiInputKind;

/*
 * With AI_INPUT_ROW the input is to_jsonb() of a record with these columns, or
 * jsonb_build_object() of these keys and values; that jsonb is made only where
 * it takes it.  The tensors are the same to the bit.
 */
typedef struct AiRowColumn
{
	const char *name;			/* the key */
	Oid			type;
} AiRowColumn;

/* What of a row's answer is wanted, so that the rest need not be made. */
typedef enum AiResultKind
{
	AI_RESULT_JSONB,			/* the answer: ai_inference() itself */
	AI_RESULT_MEMBER,			/* jsonb: answer -> 'member' */
	AI_RESULT_MEMBER_TEXT,		/* text: answer ->> 'member' */
	AI_RESULT_MEMBER_FLOAT8,	/* float8: (answer ->> 'member')::float8 */
	AI_RESULT_MEMBER_FLOAT4		/* real: (answer ->> 'member')::real */
} AiResultKind;

typedef struct AiResult
{
	AiResultKind kind;
	const char *member;			/* NULL for AI_RESULT_JSONB */
} AiResult;

/* A call may be wanted in several forms: one request serves them all. */
typedef struct AiEvaluatorSpec
{
	AiInputKind input;
	text	   *address;		/* of the model, as the call gives it */
	Jsonb	   *options;		/* NULL: none */
	int			result_count;
	const AiResult *results;
	int			column_count;	/* of AI_INPUT_ROW alone */
	const AiRowColumn *columns;
} AiEvaluatorSpec;

/* What EXPLAIN ANALYZE shows. */
typedef struct AiEvaluatorStats
{
	int64		rows;			/* that were asked for; NULL inputs are not */
	int64		batches;
	int64		requests;		/* frames sent; a row of odd shape is one of its own */
	int			max_in_flight;
	int64		queue_us;		/* as the server reports */
	int64		compute_us;
	int64		cache_hits;
} AiEvaluatorStats;

typedef struct AiEvaluator AiEvaluator;
typedef struct AiBatch AiBatch;

/* Makes an evaluator that lives in the memory context; the spec is copied. */
extern AiEvaluator *ai_evaluator_create(const AiEvaluatorSpec *spec, MemoryContext parent);

/*
 * Returns the address of the model with the version that it stands for under
 * the active snapshot, such as "m:3".  Raises 42704 where it stands for none.
 */
extern const char *ai_evaluator_version(AiEvaluator *evaluator);

/* Returns how many rows a full batch should have, as far as is known of the model. */
extern int	ai_evaluator_batch_rows(AiEvaluator *evaluator);

extern const AiEvaluatorStats *ai_evaluator_stats(const AiEvaluator *evaluator);

/* Begins an empty batch.  The model is resolved here, under the active snapshot. */
extern AiBatch *ai_batch_begin(AiEvaluator *evaluator);

/*
 * Adds a row; the input is encoded at once and not looked at again.  A null
 * input keeps its place and is answered NULL without being sent.  An input that
 * does not fit the model raises nothing here: its row raises when it is taken.
 */
extern void ai_batch_add(AiBatch *batch, Datum input, bool is_null);

/*
 * Adds a row of AI_INPUT_ROW.  Columns that the batch does not need are not
 * looked at.  Raises what the functions of users' types raise.
 */
extern void ai_batch_add_row(AiBatch *batch, const Datum *values, const bool *nulls);

/* True if a column has to be there for ai_batch_add_row(). */
extern bool ai_batch_needs_column(const AiBatch *batch, int column);

/* True if the frame is as large as it should get, whatever its rows. */
extern bool ai_batch_is_full(const AiBatch *batch);

/* Sends the batch without waiting for its answers. */
extern void ai_batch_send(AiBatch *batch);

/* Waits until all answers of the batch are here. */
extern void ai_batch_wait(AiBatch *batch);

/*
 * Returns one of the results (by its place in the spec) of a row (counted from
 * 0) in the current memory context, or raises what was wrong with this very
 * row.  Rows may be taken in any order, each result of a row once at most, all
 * results of one row before those of the next; what is never taken raises
 * nothing.
 */
extern Datum ai_batch_take(AiBatch *batch, int row, int result, bool *is_null);

/*
 * The same, but what was wrong with the row is returned in *error (else NULL) and
 * not raised.  Where the call has the option on_error, that decides.
 */
extern Datum ai_batch_try(AiBatch *batch, int row, int result, bool *is_null,
						  ErrorData **error);

/* Ends a batch in any state; replies still under way are dropped when they come. */
extern void ai_batch_free(AiBatch *batch);

#endif							/* AI_RUNTIME_BATCH_EVALUATOR_H */
