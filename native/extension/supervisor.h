/*
 * supervisor.h
 *	  The background worker that starts and watches the inference server.
 */
#ifndef AI_RUNTIME_SUPERVISOR_H
#define AI_RUNTIME_SUPERVISOR_H

/* Registers the worker while shared_preload_libraries are loaded. */
extern void ai_supervisor_init(void);

/* Entry point of the worker. */
extern PGDLLEXPORT void ai_supervisor_main(Datum main_arg);

#endif							/* AI_RUNTIME_SUPERVISOR_H */
