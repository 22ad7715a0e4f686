/*
 * batch_scan_explain.c
 *	  What EXPLAIN tells of a BatchInference node.
 */
#include "postgres.h"

#include "commands/explain.h"

#include "batch_scan.h"

void
ai_batch_scan_explain(CustomScanState *node, List *ancestors, ExplainState *es)
{
	(void) node;
	(void) ancestors;
	(void) es;
}
