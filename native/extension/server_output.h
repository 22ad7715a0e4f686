/*
 * server_output.h
 *	  The lines that the inference server prints for its supervisor.
 */
#ifndef AI_RUNTIME_SERVER_OUTPUT_H
#define AI_RUNTIME_SERVER_OUTPUT_H

#include "shared_state.h"

#define AI_MAX_LINE_BYTES 8192

/* The line under construction; a longer one is cut. */
typedef struct AiServerOutput
{
	int			length;
	char		line[AI_MAX_LINE_BYTES];
} AiServerOutput;

typedef enum AiServerLineKind
{
	AI_LINE_TEXT,				/* was logged; text says what */
	AI_LINE_READY,
	AI_LINE_HEARTBEAT
} AiServerLineKind;

typedef struct AiServerLine
{
	AiServerLineKind kind;
	bool		is_error;		/* of a TEXT */
	const char *text;			/* of a TEXT; valid until the next call */
	int			protocol;		/* of READY */
	char		version[AI_VERSION_TEXT_BYTES];
	char		ort_version[AI_VERSION_TEXT_BYTES];
	AiServerFigures figures;	/* of a HEARTBEAT */
} AiServerLine;

/*
 * Reads from the descriptor and calls back for each whole line.  Logs the lines
 * that are for the log.  Returns false at the end of the output.
 */
extern bool ai_server_output_read(AiServerOutput *output, int fd,
								  void (*on_line) (const AiServerLine *line, void *arg),
								  void *arg);

#endif							/* AI_RUNTIME_SERVER_OUTPUT_H */
