/*
 * jsonb made of JSON text, as jsonb_in() makes it, in a third of the time and open to
 * interrupts.
 */
#ifndef AI_RUNTIME_PLV8_JSONB_BUILDER_H_
#define AI_RUNTIME_PLV8_JSONB_BUILDER_H_

#include "pg_v8.h"

namespace ai_runtime {

// The jsonb of a JSON text in the server's encoding, with a terminating zero. Raises.
Datum JsonbOfText(char* text, size_t length);

}  // namespace ai_runtime

#endif
