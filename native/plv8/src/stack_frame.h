/*
 * What CONTEXT says of a frame of a JavaScript stack: its place in the source that
 * somebody wrote, where the script has a source map.
 *
 * A function body has one by its last line, as in a browser:
 *   //# sourceMappingURL=NAME.js.map            a file in $sharedir/plv8
 *   //# sourceMappingURL=data:application/json;base64,...
 */
#ifndef AI_RUNTIME_PLV8_STACK_FRAME_H_
#define AI_RUNTIME_PLV8_STACK_FRAME_H_

#include "pg_v8.h"

namespace ai_runtime {

constexpr size_t kMaxFrameBytes = 500;

// The name under which V8 is to know the script with this body. It says how frames
// are told: NAME.js has the map NAME.js.map, `f#oid` one of its own.
std::string ScriptName(const std::string& function, Oid oid, const char* body);

// Writes what is told of a line "at f (script:1:2)" of a stack. False: the frame is one
// of those between SQL and the code that was written, told only where all are such.
// Never raises, reads files at most.
bool DescribeFrame(const char* line, size_t length, char (&text)[kMaxFrameBytes]);

}  // namespace ai_runtime

#endif
